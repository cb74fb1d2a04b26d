-- What the service needs and no more: no DDL, and the ledger can only grow.
-- A role is shared by all databases of a server; a second migration finds it there.
DO $$
BEGIN
    CREATE ROLE plimsoll_runtime NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE WARNING 'no privilege to create the role plimsoll_runtime: create it as a superuser and run SELECT plimsoll_internal.grant_runtime()';
END $$;

CREATE FUNCTION plimsoll_internal.grant_runtime() RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'plimsoll_runtime') THEN
        RETURN;
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO plimsoll_runtime', current_schema());
    GRANT USAGE ON SCHEMA plimsoll_internal TO plimsoll_runtime;
    GRANT SELECT, INSERT, UPDATE ON products TO plimsoll_runtime;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA plimsoll_internal TO plimsoll_runtime;
    EXECUTE (SELECT coalesce(string_agg(format('GRANT USAGE ON SEQUENCE %s TO plimsoll_runtime', s), '; '), 'SELECT 1')
             FROM pg_get_serial_sequence('products', 'id') s WHERE s IS NOT NULL);
    GRANT SELECT ON ALL TABLES IN SCHEMA plimsoll_internal TO plimsoll_runtime;
    GRANT SELECT ON plimsoll_migrations TO plimsoll_runtime;
    GRANT SELECT ON ledger, refusals, parked, positions, gaps TO plimsoll_runtime;
    GRANT INSERT ON plimsoll_internal.openings, plimsoll_internal.topics, plimsoll_internal.positions, plimsoll_internal.unknown_skus,
        plimsoll_internal.refused, plimsoll_internal.parked_events, plimsoll_internal.accepted_gaps TO plimsoll_runtime;
    EXECUTE (SELECT string_agg(format('GRANT INSERT ON plimsoll_internal.ledger_%s TO plimsoll_runtime', number), '; ')
             FROM plimsoll_internal.parts);
    GRANT UPDATE ON plimsoll_internal.topics, plimsoll_internal.positions, plimsoll_internal.unknown_skus, plimsoll_internal.parked_events
        TO plimsoll_runtime;
    GRANT DELETE ON plimsoll_internal.unknown_skus, plimsoll_internal.parked_events TO plimsoll_runtime;
    GRANT EXECUTE ON FUNCTION plimsoll_internal.turn_part(int), plimsoll_internal.drop_oldest_part(interval, interval)
        TO plimsoll_runtime;
END $$;

SELECT plimsoll_internal.grant_runtime();
