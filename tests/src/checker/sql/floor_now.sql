-- No stock is below its floor.
SELECT sku AS place, format('stock %s is below the floor %s', current_stock, stock_floor) AS what
FROM products
WHERE current_stock < stock_floor
ORDER BY 1
LIMIT 20
