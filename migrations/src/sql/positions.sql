CREATE TABLE plimsoll_internal.topics (
    id smallint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    -- Kafka's own id of the topic; null where the broker gives none.
    kafka_id text,
    -- Partitions when first claimed: later ones start at the beginning.
    partitions int NOT NULL
);

CREATE TABLE plimsoll_internal.positions (
    topic_id smallint NOT NULL REFERENCES plimsoll_internal.topics,
    partition int NOT NULL,
    next_offset bigint NOT NULL,
    retained_from bigint NOT NULL,
    claim uuid NOT NULL,
    owner_epoch bigint NOT NULL DEFAULT 1,
    owner text NOT NULL,
    status text NOT NULL CHECK (status IN ('running', 'halted', 'idle')),
    halt_reason text,
    ruleset_revision int NOT NULL DEFAULT 0,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 20);

CREATE TABLE plimsoll_internal.accepted_gaps (
    topic_id smallint NOT NULL REFERENCES plimsoll_internal.topics,
    partition int NOT NULL,
    from_offset bigint NOT NULL,
    to_offset bigint NOT NULL,
    reason text NOT NULL,
    accepted_by text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (topic_id, partition, from_offset)
);
