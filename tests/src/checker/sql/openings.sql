-- Where each product's ledger starts.
DECLARE pieces NO SCROLL CURSOR FOR
SELECT l.sku, l.version::bigint AS version, l.stock_after::bigint AS stock, p.stock_floor::bigint AS stock_floor
FROM ledger l
JOIN products p USING (sku)
WHERE l.kind = 'opening'
