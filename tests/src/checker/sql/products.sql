-- Where each product stands.
DECLARE pieces NO SCROLL CURSOR FOR
SELECT sku, version::bigint AS version, current_stock::bigint AS stock
FROM products
