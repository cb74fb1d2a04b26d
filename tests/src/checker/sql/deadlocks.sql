-- Nobody had to be turned away because two waited for each other.
SELECT datname AS place, format('%s deadlocks', deadlocks) AS what
FROM pg_stat_database
WHERE datname = current_database() AND deadlocks > 0
