-- Exactly the SKUs with parked events are held.
SELECT place, what
FROM (
    SELECT e.sku AS place, 'has parked events, but is not held: later ones overtake them' AS what
    FROM (SELECT DISTINCT sku FROM plimsoll_internal.parked_events) e
    WHERE NOT EXISTS (SELECT FROM products p WHERE p.sku = e.sku AND p.held)
      AND NOT EXISTS (SELECT FROM plimsoll_internal.unknown_skus u WHERE u.sku = e.sku COLLATE "C" AND u.held)
    UNION ALL
    SELECT h.sku, 'is held, but nothing of it is parked: nothing will release it'
    FROM (SELECT sku FROM products WHERE held UNION SELECT sku COLLATE "default" FROM plimsoll_internal.unknown_skus WHERE held) h
    WHERE NOT EXISTS (SELECT FROM plimsoll_internal.parked_events e WHERE e.sku = h.sku)
) breach
ORDER BY place
LIMIT $1
