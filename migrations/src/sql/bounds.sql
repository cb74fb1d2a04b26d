-- A producer's clock may say anything; outside of the years 1 to 9999 PostgreSQL or its clients
-- fail. The last second is a whole one, which the multiplication keeps.
CREATE OR REPLACE FUNCTION plimsoll_internal.from_ms(ms bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT timestamptz 'epoch' + interval '1 millisecond' * CASE
    WHEN ms < -62135596800000 THEN -62135596800000
    WHEN ms > 253402300799000 THEN 253402300799000
    ELSE ms
END $$;

-- Drops the oldest part, after each product's last line in it has become its opening.
-- Refuses while the part is open, younger than `keep`, or within reach of a parked event.
-- Readers of `lines` hold it up: whoever comes behind a waiting drop waits, too, so it waits for
-- them no longer than 0.1 s and fails with 55P03. Try again later.
CREATE OR REPLACE FUNCTION plimsoll_internal.drop_oldest_part(keep interval, id_window interval) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
    oldest plimsoll_internal.parts;
    of_topics smallint[];
    of_partitions int[];
    uptos bigint[];
BEGIN
    -- Another replica turns or drops: what is left to do is seen next time.
    IF NOT pg_try_advisory_xact_lock(hashtextextended('plimsoll_internal.turn_part', 0)) THEN
        RETURN NULL;
    END IF;
    SELECT * INTO oldest FROM plimsoll_internal.parts ORDER BY number LIMIT 1;
    IF oldest.closed_at IS NULL OR oldest.closed_at > clock_timestamp() - greatest(keep, id_window)
        OR EXISTS (SELECT FROM plimsoll_internal.parked_events WHERE parked_at - id_window < oldest.closed_at)
    THEN
        RETURN NULL;
    END IF;
    -- A reader is met here, before the work and before any row is locked. The error gives the
    -- lock back, so that nobody waits while the part is read.
    BEGIN
        EXECUTE format('LOCK TABLE ONLY plimsoll_internal.lines, ONLY plimsoll_internal.ledger_%s
            IN ACCESS EXCLUSIVE MODE', oldest.number);
        RAISE EXCEPTION USING ERRCODE = 'PL003', MESSAGE = 'nobody reads the ledger';
    EXCEPTION WHEN SQLSTATE 'PL003' THEN
        NULL;
    END;
    EXECUTE format('
        INSERT INTO plimsoll_internal.openings (product_id, version, stock)
        SELECT DISTINCT ON (product_id) product_id, version, stock_after
        FROM plimsoll_internal.ledger_%1$s ORDER BY product_id, version DESC
        ON CONFLICT (product_id) DO UPDATE
        SET version = excluded.version, stock = excluded.stock, recorded_at = now()', oldest.number);
    EXECUTE format('
        SELECT array_agg(topic_id), array_agg(partition), array_agg(upto)
        FROM (SELECT topic_id, partition, max(record_offset) + 1 AS upto
              FROM plimsoll_internal.ledger_%s WHERE topic_id IS NOT NULL GROUP BY 1, 2) l', oldest.number)
    INTO of_topics, of_partitions, uptos;
    -- The order of all writers: positions, ascending, and then the ledger. Nobody queues behind us
    -- here but writers of the same position, so a batch that is being written may end first.
    PERFORM set_config('lock_timeout', '2s', true);
    PERFORM FROM plimsoll_internal.positions p
    JOIN unnest(of_topics, of_partitions) l (topic_id, partition) USING (topic_id, partition)
    ORDER BY p.topic_id, p.partition FOR NO KEY UPDATE OF p;
    UPDATE plimsoll_internal.positions p SET retained_from = greatest(p.retained_from, l.upto)
    FROM unnest(of_topics, of_partitions, uptos) l (topic_id, partition, upto)
    WHERE p.topic_id = l.topic_id AND p.partition = l.partition;
    PERFORM set_config('lock_timeout', '100ms', true);
    EXECUTE format('ALTER TABLE plimsoll_internal.lines DETACH PARTITION plimsoll_internal.ledger_%s', oldest.number);
    EXECUTE format('DROP TABLE plimsoll_internal.ledger_%s', oldest.number);
    DELETE FROM plimsoll_internal.parts WHERE number = oldest.number;
    RETURN oldest.number;
END $$;
