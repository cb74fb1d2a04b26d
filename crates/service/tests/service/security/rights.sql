-- Rights of the current user over what the schema made, one line for each kind of thing with the
-- same rights: parts of the ledger are one kind, whatever their number.
WITH things AS (
    SELECT regexp_replace(c.relname, '_\d+$', '_N') AS name, string_agg(DISTINCT lower(r.r), ' ') AS rights
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace,
    unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) r
    WHERE n.nspname IN ('public', 'plimsoll_internal') AND c.relkind IN ('r', 'p', 'v')
        AND has_table_privilege(c.oid, r.r)
    GROUP BY c.oid, c.relname
    UNION
    SELECT p.proname || '()', 'execute' || CASE WHEN p.prosecdef THEN ' as owner' ELSE '' END
    FROM pg_proc p
    WHERE p.pronamespace = 'plimsoll_internal'::regnamespace AND p.prorettype <> 'trigger'::regtype
        AND has_function_privilege(p.oid, 'EXECUTE')
)
SELECT string_agg(rights || ': ' || names, E'\n' ORDER BY rights)
FROM (SELECT rights, string_agg(name, ', ' ORDER BY name) AS names FROM things GROUP BY rights) each
