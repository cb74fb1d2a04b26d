-- A ledger starts with its one opening, counts on by one, each line continues the one before, and
-- the last one is the product. One sort of the lines of all products from $2 to $3; the first broken
-- row of each is told, and whether somebody changed the product past Plimsoll, which breaks nothing.
SELECT place, what, outside
FROM (
    SELECT DISTINCT ON (line.product_id) coalesce(p.sku, format('product %s', line.product_id)) AS place,
        coalesce(chain.broken,
            format('the ledger ends at version %s with %s, the product is at %s with %s', line.version, line.stock_after, p.version, p.current_stock)
                || CASE WHEN chain.known THEN ': somebody changed it past Plimsoll, and no event has met it since' ELSE '' END) AS what,
        chain.broken IS NULL AND chain.known AS outside
    FROM (
        SELECT product_id, version, quantity_change, stock_after, opening,
            lag(version) OVER same AS version_before, (lag(stock_after) OVER same)::numeric AS stock_before,
            lead(version) OVER same IS NULL AS last
        FROM (
            SELECT product_id, version, quantity_change, stock_after, false AS opening FROM plimsoll_internal.lines
            WHERE product_id BETWEEN $2 AND $3
            UNION ALL
            SELECT product_id, version, 0, stock, true FROM plimsoll_internal.openings
            WHERE product_id BETWEEN $2 AND $3
        ) ledger
        WINDOW same AS (PARTITION BY product_id ORDER BY version, opening DESC)
    ) line
    LEFT JOIN products p ON p.id = line.product_id
    CROSS JOIN LATERAL (
        SELECT CASE
                WHEN p.id IS NULL THEN format('version %s belongs to no product', line.version)
                WHEN line.version_before IS NULL AND NOT line.opening THEN format('starts with version %s instead of an opening', line.version)
                WHEN line.version <> line.version_before + 1 THEN format('version %s follows %s', line.version, line.version_before)
                WHEN line.stock_before + line.quantity_change <> line.stock_after
                    THEN format('version %s: %s and a change of %s leave %s', line.version, line.stock_before, line.quantity_change, line.stock_after)
            END AS broken,
            (p.ledger_version, p.ledger_stock) IS NOT DISTINCT FROM (line.version, line.stock_after) AS known
    ) chain
    WHERE chain.broken IS NOT NULL
       OR line.last AND (line.version, line.stock_after) IS DISTINCT FROM (p.version, p.current_stock)
    ORDER BY line.product_id, line.version
) breach
ORDER BY place
LIMIT $1
