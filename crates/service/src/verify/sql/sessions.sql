-- None of our sessions sits on a transaction. Two seconds are long for a pause between two statements.
SELECT format('session %s (%s)', pid, application_name) AS place,
       format('%s since %s', state, date_trunc('second', state_change)) AS what
FROM pg_stat_activity
WHERE datname = current_database() AND application_name LIKE 'plimsoll/%' AND pid <> pg_backend_pid()
  AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '2 seconds'
ORDER BY pid
LIMIT $1
