//! The user of the service, made as `deploy/` makes it: all that it may do, and what it is refused.

use expect_test::expect;
use sea_orm::sqlx::Row;

use crate::support::{migrated, refusal, row, sql};

/// The script of the deployment; what is sent to the server stands between the marks.
const SCRIPT: &str = include_str!("../../../../../deploy/postgres/roles.sh");

/// A database with the schema, and its URL as the user of the service.
fn database() -> (String, String) {
    let url = migrated();
    let (_, statements) = SCRIPT.split_once("<<'SQL'\n").expect("it sends SQL");
    let (statements, _) = statements.rsplit_once("\nSQL").expect("the SQL ends");
    // One cluster has the databases of all tests, and the schema made its role already.
    let role = "CREATE ROLE plimsoll_runtime NOLOGIN;";
    assert!(statements.contains(role), "{statements}");
    let statements = statements.replace(role, "").replace(":'password'", "'x'");
    sql(
        &url,
        &format!("DO $$ BEGIN {statements} EXCEPTION WHEN duplicate_object THEN NULL; END $$"),
    );
    let service = url.replace("plimsoll@", "plimsoll_service@");
    (url, service)
}

/// Everything granted, one line for each set of rights. A new grant is a decision.
#[test]
fn the_user_of_the_service_has_these_rights_and_no_others() {
    let (_, service) = database();
    let rights = row(&service, include_str!("rights.sql")).get::<String, _>(0);
    expect![[r#"
        delete insert select update: parked_events, replicas, unknown_skus
        execute: from_ms(), grant_runtime(), grant_stock(), kind_name(), trace_hex()
        execute as owner: drop_oldest_part(), turn_part()
        insert select: accepted_gaps, ledger_N, openings, refused, rulesets
        insert select update: positions, products, topics
        select: bundles, gaps, ledger, lines, parked, parts, plimsoll_migrations, positions, refusals"#]].assert_eq(&rights);
}

#[test]
fn the_user_of_the_service_can_take_nothing_away_and_change_no_schema() {
    let (url, service) = database();
    let all = "SELECT string_agg(format('%I.%I', n.nspname, c.relname), ' ' ORDER BY 1)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND n.nspname IN ('public', 'plimsoll_internal')";
    let tables = row(&url, all).get::<String, _>(0);
    assert!(tables.contains("plimsoll_internal.ledger_1"), "{tables}");
    for table in tables.split(' ') {
        is_refused(&service, &format!("DROP TABLE {table}"));
        is_refused(&service, &format!("TRUNCATE {table}"));
        is_refused(
            &service,
            &format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
        );
    }
    is_refused(&service, "CREATE OR REPLACE VIEW ledger AS SELECT 1");
}

#[test]
fn the_user_of_the_service_cannot_rewrite_what_was_decided_nor_become_anybody_else() {
    let (_, service) = database();
    for forbidden in [
        "UPDATE plimsoll_internal.ledger_1 SET quantity_change = 1",
        "DELETE FROM plimsoll_internal.ledger_1",
        "UPDATE plimsoll_internal.refused SET code = 'x'",
        "DELETE FROM plimsoll_internal.refused",
        "UPDATE plimsoll_internal.rulesets SET reason = 'x'",
        "DELETE FROM plimsoll_internal.rulesets",
        "UPDATE plimsoll_internal.bundles SET name = 'x'",
        "DELETE FROM plimsoll_internal.bundles",
        "DELETE FROM plimsoll_internal.positions",
        "DELETE FROM products",
        "DELETE FROM plimsoll_migrations",
        "SELECT plimsoll_internal.add_part(7)",
        "CREATE TABLE plimsoll_internal.x ()",
        "CREATE TABLE public.x ()",
        "CREATE FUNCTION plimsoll_internal.x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE SCHEMA x",
        "DROP SCHEMA plimsoll_internal CASCADE",
        "SET ROLE plimsoll",
        "CREATE ROLE x SUPERUSER",
        "ALTER ROLE plimsoll_service CREATEROLE",
        "GRANT plimsoll TO plimsoll_service",
        "SET session_replication_role = replica",
        "ALTER SYSTEM SET fsync = off",
        "COPY products TO PROGRAM 'true'",
        "COPY products TO '/tmp/x'",
        "SELECT pg_read_file('PG_VERSION')",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'plimsoll'",
    ] {
        is_refused(&service, forbidden);
    }
}

/// A function that runs as its owner must look names up where nobody else can put any.
#[test]
fn functions_that_run_as_the_owner_look_nowhere_but_in_the_catalog() {
    let (url, _) = database();
    let loose = "SELECT count(*), count(*) FILTER (WHERE (proconfig @> '{\"search_path=pg_catalog, pg_temp\"}') IS NOT TRUE)
        FROM pg_proc WHERE prosecdef AND pronamespace = 'plimsoll_internal'::regnamespace";
    let functions = row(&url, loose);
    assert!(functions.get::<i64, _>(0) > 0);
    assert_eq!(functions.get::<i64, _>(1), 0);
}

fn is_refused(url: &str, statement: &str) {
    let refusal = refusal(url, statement);
    let known = [
        "permission denied",
        "must be owner",
        "must be a superuser",
        "must be superuser",
        "must have admin",
    ];
    let known = known.iter().any(|why| refusal.contains(why));
    assert!(known, "{statement}: {refusal}");
}
