-- What is wrong with the books, one line a finding. Reads only what the contract promises.
WITH told AS (
    SELECT sku, version, kind, quantity_change, stock_after,
        lag(version) OVER line AS version_before, lag(stock_after) OVER line AS stock_before,
        row_number() OVER line AS number
    FROM ledger WINDOW line AS (PARTITION BY sku ORDER BY version, kind <> 'opening')
), ended AS (
    SELECT DISTINCT ON (sku) sku, version, stock_after FROM told ORDER BY sku, number DESC
), summed AS (
    SELECT sku, sum(CASE kind WHEN 'opening' THEN stock_after ELSE quantity_change END) AS stock FROM told GROUP BY sku
), followed AS (
    SELECT sku, partition, record_offset,
        lag(record_offset) OVER (PARTITION BY sku, topic, partition ORDER BY version) AS offset_before
    FROM ledger WHERE partition IS NOT NULL
), identified AS (
    SELECT sku, event_key, true AS first FROM ledger
    UNION ALL
    SELECT sku, event_key, outcome IN ('rejected', 'unknown_sku') AND code <> 'event_id_conflict' FROM refusals
    UNION ALL
    SELECT sku, event_key, true FROM parked
)
SELECT format('%s: line %s is %s', sku, number, kind) FROM told WHERE (number = 1) <> (kind = 'opening')
UNION ALL
SELECT format('%s: version %s follows %s', sku, version, version_before) FROM told WHERE version <> version_before + 1
UNION ALL
SELECT format('%s: %s and %s make %s', sku, stock_before, quantity_change, stock_after)
FROM told WHERE stock_after <> stock_before + quantity_change
UNION ALL
SELECT format('%s: stock %s in version %s, the ledger ends with %s in %s', sku, current_stock, p.version, stock_after, e.version)
FROM products p JOIN ended e USING (sku) WHERE (current_stock, p.version) <> (stock_after, e.version)
UNION ALL
SELECT format('%s: stock %s, the lines add up to %s', sku, current_stock, stock)
FROM products JOIN summed USING (sku) WHERE current_stock <> stock
UNION ALL
SELECT format('%s: offset %s of partition %s after %s', sku, record_offset, partition, offset_before)
FROM followed WHERE record_offset <= offset_before
UNION ALL
SELECT format('%s: %s times the first with the identity %s', sku, count(*) FILTER (WHERE first), event_key)
FROM identified WHERE event_key IS NOT NULL GROUP BY sku, event_key HAVING count(*) FILTER (WHERE first) <> 1
UNION ALL
SELECT format('%s: held, but nothing is parked, or the other way round', sku) FROM products p
WHERE held <> EXISTS (SELECT FROM parked WHERE parked.sku = p.sku)
UNION ALL
SELECT format('deadlocks: %s', deadlocks) FROM pg_stat_database WHERE datname = current_database() AND deadlocks > 0
UNION ALL
SELECT format('left in a transaction: %s', query) FROM pg_stat_activity
WHERE datname = current_database() AND state LIKE 'idle in transaction%' AND application_name LIKE 'plimsoll/%'
