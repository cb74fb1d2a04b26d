CREATE TABLE plimsoll_internal.refused (
    record_offset bigint NOT NULL,
    partition int NOT NULL,
    topic_id smallint NOT NULL,
    -- 0 adjust, 1 count; null for a record that says nothing readable about a SKU
    kind smallint,
    quantity bigint,
    occurred_ms bigint,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    sku text,
    event_key uuid,
    outcome text NOT NULL,
    code text NOT NULL,
    detail text,
    rule text,
    ruleset_revision int NOT NULL,
    version_seen bigint,
    stock_seen bigint,
    floor_seen bigint,
    trace_id uuid,
    facts jsonb,
    payload bytea
);

-- Only rows that answer for their identity: repeats, conflicts and malformed records do not.
CREATE INDEX refused_identity ON plimsoll_internal.refused (sku, event_key)
    WHERE event_key IS NOT NULL AND outcome IN ('rejected', 'unknown_sku') AND code <> 'event_id_conflict';
CREATE INDEX refused_recorded ON plimsoll_internal.refused USING brin (recorded_at);

-- Events that wait, by a number that rises in the order they came.
CREATE TABLE plimsoll_internal.parked_events (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    record_offset bigint NOT NULL,
    partition int NOT NULL,
    topic_id smallint NOT NULL,
    kind smallint NOT NULL,
    quantity bigint NOT NULL,
    occurred_ms bigint NOT NULL,
    parked_at timestamptz NOT NULL DEFAULT now(),
    sku text NOT NULL,
    event_key uuid,
    code text NOT NULL,
    detail text,
    rule text,
    ruleset_revision int NOT NULL,
    version_seen bigint,
    stock_seen bigint,
    floor_seen bigint,
    trace_id uuid,
    facts jsonb,
    payload bytea
);
CREATE INDEX parked_order ON plimsoll_internal.parked_events (sku, number);
CREATE INDEX parked_identity ON plimsoll_internal.parked_events (sku, event_key);
-- The first of each SKU that waits for its product: looked at every second.
CREATE INDEX parked_for_product ON plimsoll_internal.parked_events (sku) WHERE code = 'unknown_sku';
