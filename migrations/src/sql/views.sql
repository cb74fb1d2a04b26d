CREATE FUNCTION plimsoll_internal.kind_name(kind smallint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE kind WHEN 0 THEN 'adjust' WHEN 1 THEN 'count' WHEN 2 THEN 'external' END $$;

CREATE FUNCTION plimsoll_internal.from_ms(ms bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT timestamptz 'epoch' + ms * interval '1 millisecond' $$;

CREATE FUNCTION plimsoll_internal.trace_hex(id uuid) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT replace(id::text, '-', '') $$;

CREATE VIEW ledger AS
SELECT p.sku, l.version, plimsoll_internal.kind_name(l.kind) AS kind, l.quantity_change, l.stock_after, l.event_key,
    t.name AS topic, l.partition, l.record_offset, l.ruleset_revision,
    coalesce(l.flags, '{}') AS flags, l.facts ->> 'reason' AS reason, l.facts ->> 'reference' AS reference,
    plimsoll_internal.trace_hex(l.trace_id) AS trace_id, plimsoll_internal.from_ms(l.occurred_ms) AS occurred_at, l.recorded_at,
    l.requested, l.facts
FROM plimsoll_internal.lines l
JOIN products p ON p.id = l.product_id
LEFT JOIN plimsoll_internal.topics t ON t.id = l.topic_id
UNION ALL
SELECT p.sku, o.version, 'opening', 0, o.stock, NULL, NULL, NULL, NULL, 0, '{}', NULL, NULL,
    NULL, NULL, o.recorded_at, NULL, NULL
FROM plimsoll_internal.openings o
JOIN products p ON p.id = o.product_id;

CREATE VIEW refusals AS
SELECT t.name AS topic, r.partition, r.record_offset, r.sku, r.event_key, r.outcome, r.code, r.detail, r.rule,
    r.ruleset_revision, r.version_seen, r.stock_seen, r.floor_seen, r.payload,
    plimsoll_internal.trace_hex(r.trace_id) AS trace_id, r.recorded_at,
    plimsoll_internal.kind_name(r.kind) AS kind, r.quantity, plimsoll_internal.from_ms(r.occurred_ms) AS occurred_at, r.facts
FROM plimsoll_internal.refused r JOIN plimsoll_internal.topics t ON t.id = r.topic_id;

CREATE VIEW parked AS
SELECT t.name AS topic, e.partition, e.record_offset, e.sku, e.event_key, 'parked'::text AS outcome, e.code,
    e.detail, e.rule, e.ruleset_revision, e.version_seen, e.stock_seen, e.floor_seen, e.payload,
    plimsoll_internal.trace_hex(e.trace_id) AS trace_id, e.parked_at AS recorded_at, e.parked_at, e.number,
    plimsoll_internal.kind_name(e.kind) AS kind, e.quantity, plimsoll_internal.from_ms(e.occurred_ms) AS occurred_at, e.facts
FROM plimsoll_internal.parked_events e JOIN plimsoll_internal.topics t ON t.id = e.topic_id;

CREATE VIEW positions AS
SELECT t.name AS topic, p.partition, p.next_offset, p.retained_from, p.owner_epoch, p.owner, p.status,
    p.halt_reason, p.updated_at, p.ruleset_revision
FROM plimsoll_internal.positions p JOIN plimsoll_internal.topics t ON t.id = p.topic_id;

CREATE VIEW gaps AS
SELECT t.name AS topic, g.partition, g.from_offset, g.to_offset, g.reason, g.accepted_by, g.recorded_at
FROM plimsoll_internal.accepted_gaps g JOIN plimsoll_internal.topics t ON t.id = g.topic_id;
