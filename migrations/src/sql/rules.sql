-- Rules as they were pushed. The same rule may be signed more than once: signatures are not part
-- of its digest, and a new one must not need a new rule. Rows only come.
CREATE TABLE plimsoll_internal.bundles (
    digest text COLLATE "C" NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    -- Of several files of one digest, the newest that is trusted counts.
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    name text NOT NULL,
    version text NOT NULL,
    file bytea NOT NULL,
    pushed_at timestamptz NOT NULL DEFAULT now(),
    pushed_by text NOT NULL,
    PRIMARY KEY (digest, number)
);
CREATE UNIQUE INDEX bundles_once ON plimsoll_internal.bundles (digest, sha256(file));

-- The desired ruleset is the one with the highest revision. Rows only come.
CREATE TABLE plimsoll_internal.rulesets (
    revision int PRIMARY KEY CHECK (revision > 0),
    -- Of the document; whoever reads it compares.
    digest text NOT NULL CHECK (digest ~ '^[0-9a-f]{64}$'),
    document jsonb NOT NULL,
    activated_at timestamptz NOT NULL DEFAULT now(),
    -- A person, or `folder` or `breaker`.
    activated_by text NOT NULL,
    reason text
);

-- What each replica decides by. Telemetry: nothing is decided by it.
CREATE TABLE plimsoll_internal.replicas (
    instance text PRIMARY KEY,
    desired int NOT NULL,
    active int NOT NULL,
    active_digest text,
    error text,
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);

CREATE FUNCTION plimsoll_internal.tell_of_ruleset() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('plimsoll_rules', NEW.revision::text);
    RETURN NULL;
END $$;

CREATE TRIGGER told AFTER INSERT ON plimsoll_internal.rulesets
    FOR EACH ROW EXECUTE FUNCTION plimsoll_internal.tell_of_ruleset();

-- What the service needs: to read all of it, to write the breaker's roll-back and its own row.
-- Pushing bundles is for people, and for a service that follows a folder: it needs a grant more.
ALTER FUNCTION plimsoll_internal.grant_runtime() RENAME TO grant_stock;

CREATE FUNCTION plimsoll_internal.grant_runtime() RETURNS void LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'plimsoll_runtime') THEN
        RETURN;
    END IF;
    PERFORM plimsoll_internal.grant_stock();
    GRANT INSERT ON plimsoll_internal.rulesets TO plimsoll_runtime;
    GRANT INSERT, UPDATE, DELETE ON plimsoll_internal.replicas TO plimsoll_runtime;
END $$;

SELECT plimsoll_internal.grant_runtime();
