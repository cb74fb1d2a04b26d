-- No stock ever was below the floor, as long as the floor of today is that of then.
SELECT l.sku AS place,
       format('version %s left %s, below the floor %s', l.version, l.stock_after, p.stock_floor) AS what
FROM ledger l
JOIN products p USING (sku)
WHERE l.stock_after < p.stock_floor
ORDER BY 1, l.version
LIMIT 20
