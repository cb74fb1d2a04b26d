-- What one partition says about one SKU was applied in the order it was said.
SELECT sku AS place,
       format('version %s is %s/%s/%s, after %s', version, topic, partition, record_offset, before) AS what
FROM (
    SELECT sku, version, topic, partition, record_offset,
           lag(record_offset) OVER (PARTITION BY sku, topic, partition ORDER BY version) AS before
    FROM ledger
    WHERE kind IN ('adjust', 'count')
) line
WHERE record_offset < before
ORDER BY 1, version
LIMIT 20
