-- Of several copies in one partition the first is the one that is decided.
SELECT format('%s/%s/%s', copy.topic, copy.partition, copy.record_offset) AS place,
       format('a copy of event %s of %s, decided only at offset %s', copy.event_key, copy.sku, decided.record_offset) AS what
FROM refusals copy
JOIN (
    SELECT sku, event_key, topic, partition, record_offset FROM ledger WHERE kind IN ('adjust', 'count')
    UNION ALL
    SELECT sku, event_key, topic, partition, record_offset
    FROM refusals
    WHERE outcome NOT IN ('duplicate', 'malformed') AND code IS DISTINCT FROM 'event_id_conflict'
    UNION ALL
    SELECT sku, event_key, topic, partition, record_offset FROM parked
) decided USING (sku, event_key, topic, partition)
WHERE (copy.outcome = 'duplicate' OR copy.code = 'event_id_conflict')
  AND copy.record_offset < decided.record_offset
ORDER BY 1
LIMIT 20
