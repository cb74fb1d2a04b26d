-- A row answers a record, which has a topic, a partition that exists and an offset.
SELECT format('%s/%s/%s', topic, partition, record_offset) AS place,
       format('a row in %s names no record', room) AS what
FROM (
    SELECT 'ledger' AS room, topic, partition, record_offset FROM ledger WHERE kind IN ('adjust', 'count')
    UNION ALL
    SELECT 'refusals', topic, partition, record_offset FROM refusals
    UNION ALL
    SELECT 'parked', topic, partition, record_offset FROM parked
) answer
WHERE topic IS NULL OR partition IS NULL OR record_offset IS NULL OR partition < 0
   OR (topic = $1 AND partition >= $2)
ORDER BY 1
LIMIT 20
