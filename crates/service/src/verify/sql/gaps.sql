-- No record lies in a gap that an operator accepted.
SELECT format('%s/%s/%s', t.name, a.partition, a.record_offset) AS place,
       format('has a row in %s, but lies in the gap from %s to %s', a.room, g.from_offset, g.to_offset - 1) AS what
FROM plimsoll_internal.accepted_gaps g
JOIN (
    SELECT topic_id, partition, record_offset, 'the ledger' AS room FROM plimsoll_internal.lines WHERE topic_id IS NOT NULL
    UNION ALL
    SELECT topic_id, partition, record_offset, 'the refusals' FROM plimsoll_internal.refused
    UNION ALL
    SELECT topic_id, partition, record_offset, 'the parked events' FROM plimsoll_internal.parked_events
) a ON a.topic_id = g.topic_id AND a.partition = g.partition AND a.record_offset >= g.from_offset AND a.record_offset < g.to_offset
JOIN plimsoll_internal.topics t ON t.id = g.topic_id
ORDER BY t.name, a.partition, a.record_offset
LIMIT $1
