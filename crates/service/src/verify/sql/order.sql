-- What one partition says about one SKU was applied in the order it was said.
SELECT place, what
FROM (
    SELECT DISTINCT ON (line.product_id) coalesce(p.sku, format('product %s', line.product_id)) AS place,
        format('version %s is %s/%s/%s, applied after offset %s', line.version, t.name, line.partition, line.record_offset, line.before) AS what
    FROM (
        SELECT product_id, version, topic_id, partition, record_offset,
            lag(record_offset) OVER (PARTITION BY product_id, topic_id, partition ORDER BY version) AS before
        FROM plimsoll_internal.lines
        WHERE topic_id IS NOT NULL
    ) line
    LEFT JOIN products p ON p.id = line.product_id
    LEFT JOIN plimsoll_internal.topics t ON t.id = line.topic_id
    WHERE line.record_offset <= line.before
    ORDER BY line.product_id, line.version
) breach
ORDER BY place
LIMIT $1
