#!/bin/bash
# Run once, when the database of compose.yaml is made: the user of the service, which may do what
# plimsoll_runtime may and nothing else. The migration grants that role its rights.
set -euo pipefail
psql --set=ON_ERROR_STOP=1 --set=password="$SERVICE_PASSWORD" \
    --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" <<'SQL'
CREATE ROLE plimsoll_runtime NOLOGIN;
CREATE ROLE plimsoll_service LOGIN PASSWORD :'password' IN ROLE plimsoll_runtime;
SQL
