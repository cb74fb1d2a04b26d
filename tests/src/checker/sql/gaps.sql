-- Offsets that an operator gave up, from included, to excluded.
SELECT from_offset::bigint AS from_offset, to_offset::bigint AS to_offset
FROM gaps
WHERE topic = $1 AND partition = $2
