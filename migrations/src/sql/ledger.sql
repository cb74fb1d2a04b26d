-- All movements, in numbered parts of which one is open. Wide columns first: no padding.
CREATE TABLE plimsoll_internal.lines (
    product_id bigint NOT NULL,
    event_key uuid,
    version bigint NOT NULL,
    quantity_change bigint NOT NULL,
    stock_after bigint NOT NULL,
    record_offset bigint,
    occurred_ms bigint,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    part int NOT NULL,
    partition int,
    ruleset_revision int NOT NULL,
    topic_id smallint,
    -- 0 adjust, 1 count, 2 external
    kind smallint NOT NULL,
    -- What was asked for, where it differs from the change (adjust) or the stock (count).
    requested bigint,
    trace_id uuid,
    flags text[],
    facts jsonb
) PARTITION BY LIST (part);

CREATE TABLE plimsoll_internal.parts (
    number int PRIMARY KEY,
    opened_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    closed_id uuid
);

CREATE FUNCTION plimsoll_internal.part_is_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'ledger part % is closed', TG_TABLE_NAME USING ERRCODE = 'PL001';
END $$;

CREATE FUNCTION plimsoll_internal.add_part(part int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- The number is a default and a check, so that a direct insert needs no routing and an
    -- attach no scan.
    EXECUTE format('CREATE TABLE plimsoll_internal.ledger_%1$s (LIKE plimsoll_internal.lines INCLUDING DEFAULTS,
        CHECK (part = %1$s))', part);
    EXECUTE format('ALTER TABLE plimsoll_internal.ledger_%1$s ALTER part SET DEFAULT %1$s', part);
    EXECUTE format('CREATE UNIQUE INDEX ledger_%1$s_identity ON plimsoll_internal.ledger_%1$s
        (product_id, event_key)', part);
    EXECUTE format('ALTER TABLE plimsoll_internal.lines ATTACH PARTITION plimsoll_internal.ledger_%1$s
        FOR VALUES IN (%1$s)', part);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'plimsoll_runtime') THEN
        EXECUTE format('GRANT SELECT, INSERT ON plimsoll_internal.ledger_%s TO plimsoll_runtime', part);
    END IF;
    INSERT INTO plimsoll_internal.parts (number) VALUES (part);
END $$;

-- Opens the next part and closes `expected`, unless somebody else did. Creating the trigger
-- waits for every running insert into the old part, and later ones meet it.
CREATE FUNCTION plimsoll_internal.turn_part(expected int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE open_part int;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('plimsoll_internal.turn_part', 0));
    SELECT max(number) INTO open_part FROM plimsoll_internal.parts;
    IF open_part <> expected THEN
        RETURN open_part;
    END IF;
    PERFORM plimsoll_internal.add_part(expected + 1);
    EXECUTE format('CREATE TRIGGER closed BEFORE INSERT ON plimsoll_internal.ledger_%s
        FOR EACH STATEMENT EXECUTE FUNCTION plimsoll_internal.part_is_closed()', expected);
    UPDATE plimsoll_internal.parts SET closed_at = clock_timestamp(), closed_id = gen_random_uuid()
    WHERE number = expected;
    RETURN expected + 1;
END $$;

-- Drops the oldest part, after each product's last line in it has become its opening.
-- Refuses while the part is open, younger than `keep`, or within reach of a parked event.
CREATE FUNCTION plimsoll_internal.drop_oldest_part(keep interval, id_window interval) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE oldest plimsoll_internal.parts;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('plimsoll_internal.turn_part', 0));
    SELECT * INTO oldest FROM plimsoll_internal.parts ORDER BY number LIMIT 1;
    IF oldest.closed_at IS NULL OR oldest.closed_at > clock_timestamp() - greatest(keep, id_window)
        OR EXISTS (SELECT FROM plimsoll_internal.parked_events WHERE parked_at - id_window < oldest.closed_at)
    THEN
        RETURN NULL;
    END IF;
    EXECUTE format('
        INSERT INTO plimsoll_internal.openings (product_id, version, stock)
        SELECT DISTINCT ON (product_id) product_id, version, stock_after
        FROM plimsoll_internal.ledger_%1$s ORDER BY product_id, version DESC
        ON CONFLICT (product_id) DO UPDATE
        SET version = excluded.version, stock = excluded.stock, recorded_at = now()', oldest.number);
    EXECUTE format('
        UPDATE plimsoll_internal.positions p SET retained_from = greatest(p.retained_from, l.upto)
        FROM (SELECT topic_id, partition, max(record_offset) + 1 AS upto
              FROM plimsoll_internal.ledger_%s WHERE topic_id IS NOT NULL GROUP BY 1, 2) l
        WHERE p.topic_id = l.topic_id AND p.partition = l.partition', oldest.number);
    EXECUTE format('ALTER TABLE plimsoll_internal.lines DETACH PARTITION plimsoll_internal.ledger_%s', oldest.number);
    EXECUTE format('DROP TABLE plimsoll_internal.ledger_%s', oldest.number);
    DELETE FROM plimsoll_internal.parts WHERE number = oldest.number;
    RETURN oldest.number;
END $$;

REVOKE ALL ON FUNCTION plimsoll_internal.add_part(int), plimsoll_internal.turn_part(int),
    plimsoll_internal.drop_oldest_part(interval, interval) FROM PUBLIC;

SELECT plimsoll_internal.add_part(1);
