# Runs as root before the install line. Debian's PostgreSQL package creates and
# starts a server on port 5432; Plimsoll wants only the programs, so that is
# switched off for as long as this script runs.
export DEBIAN_FRONTEND=noninteractive
folder=/etc/postgresql-common/createcluster.d
trap 'rm -f "$folder/plimsoll.conf"; rmdir "$folder" 2>/dev/null || true' EXIT
mkdir -p "$folder"
echo "create_main_cluster = false" >"$folder/plimsoll.conf"
# A list that cannot be refreshed may still be good enough to install from.
apt-get update -q || true
