-- All rows that answer records of one partition, in offset order. Those without an offset are strangers.
DECLARE pieces NO SCROLL CURSOR FOR
SELECT *
FROM (
    SELECT 'ledger' AS room, record_offset::bigint AS record_offset, sku, event_key, kind, quantity_change::bigint AS quantity_change,
           version::bigint AS version, stock_after::bigint AS stock, NULL::text AS outcome, NULL::text AS code, NULL::bytea AS payload
    FROM ledger
    WHERE topic = $1 AND partition = $2 AND kind IN ('adjust', 'count')
    UNION ALL
    SELECT 'refusals', record_offset, sku, event_key, NULL, NULL,
           version_seen, stock_seen, outcome, code, CASE WHEN outcome = 'malformed' THEN payload END
    FROM refusals
    WHERE topic = $1 AND partition = $2
    UNION ALL
    SELECT 'parked', record_offset, sku, event_key, NULL, NULL,
           version_seen, stock_seen, outcome, code, NULL
    FROM parked
    WHERE topic = $1 AND partition = $2
) answer
WHERE record_offset IS NOT NULL
ORDER BY record_offset
