-- No stock is below its floor, and the constraint that sees to it is in place.
SELECT place, what
FROM (
    SELECT sku AS place, format('stock %s is below the floor %s', current_stock, stock_floor) AS what
    FROM products
    WHERE current_stock < stock_floor
    UNION ALL
    SELECT 'products', 'the constraint products_stock_not_below_floor is missing or not validated'
    WHERE NOT EXISTS (
        SELECT FROM pg_constraint
        WHERE conrelid = 'products'::regclass AND conname = 'products_stock_not_below_floor' AND convalidated
    )
) breach
ORDER BY place
LIMIT $1
