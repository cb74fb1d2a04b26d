-- Opening plus all changes is the stock. A product that was never met has neither opening nor changes.
SELECT l.sku AS place,
       format('opening %s + changes %s, but the stock is %s', l.opening, l.changes, p.current_stock) AS what
FROM (
    SELECT sku,
           max(stock_after) FILTER (WHERE kind = 'opening')::numeric AS opening,
           coalesce(sum(quantity_change) FILTER (WHERE kind <> 'opening'), 0)::numeric AS changes
    FROM ledger
    GROUP BY sku
) l
LEFT JOIN products p USING (sku)
WHERE l.opening + l.changes IS DISTINCT FROM p.current_stock
ORDER BY 1
LIMIT 20
