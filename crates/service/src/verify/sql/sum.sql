-- Opening plus all changes is the stock.
SELECT p.sku AS place,
       format('opening %s and changes of %s, but the stock is %s', o.stock, coalesce(l.changes, 0), p.current_stock)
           || CASE WHEN o.stock + coalesce(l.changes, 0) = p.ledger_stock
                   THEN ': somebody changed it past Plimsoll, and no event has met it since' ELSE '' END AS what
FROM products p
JOIN plimsoll_internal.openings o ON o.product_id = p.id
LEFT JOIN (SELECT product_id, sum(quantity_change) AS changes FROM plimsoll_internal.lines GROUP BY product_id) l ON l.product_id = p.id
WHERE o.stock + coalesce(l.changes, 0) IS DISTINCT FROM p.current_stock
ORDER BY p.sku
LIMIT $1
