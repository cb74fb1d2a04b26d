-- Along a partition nothing was decided by rules older than those before it.
SELECT format('%s/%s/%s', topic, partition, record_offset) AS place,
       format('decided by revision %s, after %s', ruleset_revision, before) AS what
FROM (
    SELECT topic, partition, record_offset, ruleset_revision,
           max(ruleset_revision) OVER (PARTITION BY topic, partition ORDER BY record_offset
                                       ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM (
        SELECT topic, partition, record_offset, ruleset_revision FROM ledger WHERE kind IN ('adjust', 'count')
        UNION ALL
        SELECT topic, partition, record_offset, ruleset_revision FROM refusals
        UNION ALL
        SELECT topic, partition, record_offset, ruleset_revision FROM parked
    ) decided
) line
WHERE ruleset_revision < before
ORDER BY topic, partition, record_offset
LIMIT 20
