-- Nobody sits on a transaction. A second is long for a pause between two statements.
SELECT format('session %s of %s', pid, application_name) AS place, state AS what
FROM pg_stat_activity
WHERE datname = current_database()
  AND state LIKE 'idle in transaction%'
  AND state_change < clock_timestamp() - interval '1 second'
ORDER BY 1
LIMIT 20
