-- How far a partition is applied, and from where on its rows are kept.
SELECT next_offset::bigint AS next_offset, coalesce(retained_from, 0)::bigint AS retained_from
FROM positions
WHERE topic = $1 AND partition = $2
