-- Each line continues the one before, and the last one is the stock.
SELECT place, what
FROM (
    SELECT sku AS place,
           version,
           format('version %s: %s and a change of %s leave %s', version, before, quantity_change, stock_after) AS what
    FROM (
        SELECT sku, kind, version, quantity_change, stock_after,
               lag(stock_after) OVER (PARTITION BY sku ORDER BY version) AS before
        FROM ledger
    ) line
    WHERE kind <> 'opening' AND before::numeric + quantity_change IS DISTINCT FROM stock_after
    UNION ALL
    SELECT l.sku, l.version, format('the ledger ends with %s, the stock is %s', l.stock_after, p.current_stock)
    FROM (SELECT DISTINCT ON (sku) sku, version, stock_after FROM ledger ORDER BY sku, version DESC) l
    LEFT JOIN products p USING (sku)
    WHERE l.stock_after IS DISTINCT FROM p.current_stock
) breach
ORDER BY 1, version
LIMIT 20
