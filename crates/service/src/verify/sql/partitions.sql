-- How many rows each partition has, how far they reach, and how far it is applied.
SELECT row_to_json(q) FROM (
    SELECT coalesce(t.name, 'topic ' || a.topic_id) AS topic, a.partition, p.next_offset, p.retained_from,
        a.movements, a.refusals, a.parked, a.highest, a.kept,
        (SELECT coalesce(sum(g.to_offset - greatest(g.from_offset, p.retained_from)), 0)::bigint FROM plimsoll_internal.accepted_gaps g
         WHERE g.topic_id = a.topic_id AND g.partition = a.partition AND g.to_offset > p.retained_from) AS given_up
    FROM (
        SELECT r.topic_id, r.partition, sum(r.movements)::bigint AS movements, sum(r.refusals)::bigint AS refusals,
            sum(r.parked)::bigint AS parked, max(r.highest) AS highest, sum(r.kept)::bigint AS kept
        FROM (
            SELECT l.topic_id, l.partition, count(*) AS movements, 0 AS refusals, 0 AS parked, max(l.record_offset) AS highest,
                count(*) FILTER (WHERE l.record_offset >= p.retained_from) AS kept
            FROM plimsoll_internal.lines l LEFT JOIN plimsoll_internal.positions p ON p.topic_id = l.topic_id AND p.partition = l.partition
            WHERE l.topic_id IS NOT NULL
            GROUP BY 1, 2
            UNION ALL
            SELECT r.topic_id, r.partition, 0, count(*), 0, max(r.record_offset), count(*) FILTER (WHERE r.record_offset >= p.retained_from)
            FROM plimsoll_internal.refused r LEFT JOIN plimsoll_internal.positions p ON p.topic_id = r.topic_id AND p.partition = r.partition
            GROUP BY 1, 2
            UNION ALL
            SELECT e.topic_id, e.partition, 0, 0, count(*), max(e.record_offset), count(*) FILTER (WHERE e.record_offset >= p.retained_from)
            FROM plimsoll_internal.parked_events e LEFT JOIN plimsoll_internal.positions p ON p.topic_id = e.topic_id AND p.partition = e.partition
            GROUP BY 1, 2
            UNION ALL
            SELECT topic_id, partition, 0, 0, 0, -1, 0 FROM plimsoll_internal.positions
        ) r
        GROUP BY 1, 2
    ) a
    LEFT JOIN plimsoll_internal.topics t ON t.id = a.topic_id
    LEFT JOIN plimsoll_internal.positions p ON p.topic_id = a.topic_id AND p.partition = a.partition
    ORDER BY 1, 2
) q
