-- A ledger starts with its only opening, counts on by one, and ends at the product's version.
SELECT place, what
FROM (
    SELECT sku AS place,
           version,
           CASE
               WHEN before IS NULL AND kind <> 'opening' THEN format('starts with version %s instead of an opening', version)
               WHEN before IS NOT NULL AND kind = 'opening' THEN format('a second opening at version %s', version)
               WHEN version <> before + 1 THEN format('version %s follows %s', version, before)
           END AS what
    FROM (
        SELECT sku, kind, version, lag(version) OVER (PARTITION BY sku ORDER BY version, kind <> 'opening') AS before
        FROM ledger
    ) line
    UNION ALL
    SELECT l.sku, l.version, format('the ledger ends at version %s, the product is at %s', l.version, p.version)
    FROM (SELECT sku, max(version) AS version FROM ledger GROUP BY sku) l
    LEFT JOIN products p USING (sku)
    WHERE l.version IS DISTINCT FROM p.version
) breach
WHERE what IS NOT NULL
ORDER BY 1, version
LIMIT 20
