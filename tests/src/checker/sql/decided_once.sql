-- An event id of a SKU is decided once; all other copies are duplicates or conflicts of that decision.
SELECT sku AS place, format('event %s was decided %s times', event_key, decided) AS what
FROM (
    SELECT sku, event_key, count(*) FILTER (WHERE decisive) AS decided
    FROM (
        SELECT sku, event_key, true AS decisive FROM ledger WHERE kind IN ('adjust', 'count')
        UNION ALL
        SELECT sku, event_key, outcome <> 'duplicate' AND code IS DISTINCT FROM 'event_id_conflict'
        FROM refusals
        WHERE outcome <> 'malformed'
        UNION ALL
        SELECT sku, event_key, true FROM parked
    ) answer
    WHERE event_key IS NOT NULL
    GROUP BY sku, event_key
) event
WHERE decided <> 1
ORDER BY 1
LIMIT 20
