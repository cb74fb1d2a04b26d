-- No record has two rows. Offsets are collected as bits, 64 to a group, so that no sort is needed;
-- only groups with more rows than bits are read again.
WITH answers AS NOT MATERIALIZED (
    SELECT topic_id, partition, record_offset, 'ledger' AS room FROM plimsoll_internal.lines WHERE topic_id IS NOT NULL
    UNION ALL
    SELECT topic_id, partition, record_offset, 'refusals' FROM plimsoll_internal.refused
    UNION ALL
    SELECT topic_id, partition, record_offset, 'parked' FROM plimsoll_internal.parked_events
), crowded AS MATERIALIZED (
    SELECT topic_id, partition, record_offset >> 6 AS bucket
    FROM answers
    GROUP BY 1, 2, 3
    HAVING count(*) <> bit_count(bit_or(1::bigint << (record_offset & 63)::int)::bit(64))
    ORDER BY 1, 2, 3
    LIMIT $1
)
SELECT format('%s/%s/%s', t.name, a.partition, a.record_offset) AS place,
       format('has %s rows: %s', count(*), string_agg(a.room, ', ' ORDER BY a.room)) AS what
FROM crowded c
JOIN answers a ON a.topic_id = c.topic_id AND a.partition = c.partition AND a.record_offset >> 6 = c.bucket
JOIN plimsoll_internal.topics t ON t.id = a.topic_id
GROUP BY t.name, a.partition, a.record_offset
HAVING count(*) > 1
ORDER BY t.name, a.partition, a.record_offset
LIMIT $1
