//! Whether PostgreSQL can be reached, is new enough, has the schema, and lets us do what the
//! service does.

use plimsoll_core::database::Settings;
use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::query_scalar;

use super::Found;
use crate::config::{self, Finding};
use crate::database;
use crate::exit::Failure;

/// PostgreSQL 14, as `server_version_num` says it.
const VERSION_MIN: i32 = 140_000;

/// What the service needs of each table, and of the part of the ledger that is open.
const PRIVILEGES: &str = "
SELECT w.privilege || ' on ' || w.name
FROM (
    VALUES ('products', 'SELECT'), ('products', 'INSERT'), ('products', 'UPDATE'),
        ('plimsoll_internal.openings', 'SELECT'), ('plimsoll_internal.openings', 'INSERT'),
        ('plimsoll_internal.topics', 'SELECT'), ('plimsoll_internal.topics', 'INSERT'),
        ('plimsoll_internal.positions', 'SELECT'), ('plimsoll_internal.positions', 'INSERT'), ('plimsoll_internal.positions', 'UPDATE'),
        ('plimsoll_internal.unknown_skus', 'SELECT'), ('plimsoll_internal.unknown_skus', 'INSERT'),
        ('plimsoll_internal.unknown_skus', 'UPDATE'), ('plimsoll_internal.unknown_skus', 'DELETE'),
        ('plimsoll_internal.refused', 'SELECT'), ('plimsoll_internal.refused', 'INSERT'),
        ('plimsoll_internal.parked_events', 'SELECT'), ('plimsoll_internal.parked_events', 'INSERT'), ('plimsoll_internal.parked_events', 'DELETE'),
        ('plimsoll_internal.parts', 'SELECT'), ('plimsoll_internal.lines', 'SELECT')
    UNION ALL
    SELECT 'plimsoll_internal.ledger_' || max(number), 'INSERT' FROM plimsoll_internal.parts
) w(name, privilege)
WHERE NOT has_table_privilege(w.name, w.privilege)
UNION ALL
SELECT 'EXECUTE on plimsoll_internal.turn_part' WHERE NOT has_function_privilege('plimsoll_internal.turn_part(int)', 'EXECUTE')";

pub(super) async fn check(settings: &Settings) -> Found {
    look(settings).await.map_err(|failure| match failure {
        Failure::Surroundings(findings) => findings,
        other => vec![finding(other.what(), &other.fix())],
    })
}

async fn look(settings: &Settings) -> Result<String, Failure> {
    let db = database::connect(settings, "check").await?;
    let (number, version) = version(&db).await?;
    if number < VERSION_MIN {
        let reason = format!("PostgreSQL {version} is too old");
        return Err(Failure::Surroundings(vec![finding(
            reason,
            "name a server of version 14 or newer",
        )]));
    }
    let db = database::open(settings, "check").await?;
    let missing: Vec<String> = query_scalar(PRIVILEGES).fetch_all(&db).await?;
    if missing.is_empty() {
        return Ok(format!(
            "PostgreSQL: {} is version {version}, its schema is up to date, and privileges are complete.",
            config::place(settings)
        ));
    }
    let missing = missing.into_iter().map(|privilege| {
        finding(
            format!("the user lacks {privilege}"),
            "grant the role plimsoll_runtime to it",
        )
    });
    Err(Failure::Surroundings(missing.collect()))
}

async fn version(db: &PgPool) -> Result<(i32, String), Failure> {
    let number = query_scalar("SELECT current_setting('server_version_num')::int")
        .fetch_one(db)
        .await?;
    let words = query_scalar("SELECT split_part(current_setting('server_version'), ' ', 1)")
        .fetch_one(db)
        .await?;
    Ok((number, words))
}

fn finding(reason: impl Into<String>, fix: &str) -> Finding {
    Finding::outside("database.url", reason, fix)
}
