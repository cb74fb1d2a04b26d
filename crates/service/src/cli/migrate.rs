//! `plimsoll migrate`: brings the schema up to this version, or says what is missing.

use sea_orm::SqlxPostgresConnector;
use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{Row, query};

use super::arguments::Migrate;
use crate::config::{self, Config};
use crate::database;
use crate::exit::{Failure, Verdict};
use crate::say::{self, Column};

/// Products below zero to name.
const NAMED_MAX: i64 = 20;

pub(super) async fn run(config: &Config, command: Migrate) -> Result<Verdict, Failure> {
    let db = database::connect(&config.database, "migrate").await?;
    match command {
        Migrate::Up => up(&db, &config::place(&config.database)).await,
        Migrate::Status { json } => status(&db, json).await,
    }
}

async fn up(db: &PgPool, place: &str) -> Result<Verdict, Failure> {
    let adopts = adopts(db).await?;
    let applied =
        plimsoll_migrations::up(&SqlxPostgresConnector::from_sqlx_postgres_pool(db.clone()))
            .await?;
    match i64::try_from(applied).unwrap_or(i64::MAX) {
        0 => say::line(format_args!("Nothing to do: {place} is of this version.")),
        n => say::line(format_args!(
            "Applied {} to {place}.",
            say::plural(n, "migration")
        )),
    }
    if applied > 0 && adopts {
        adopted(db).await?;
    }
    Ok(Verdict::Done)
}

async fn status(db: &PgPool, json: bool) -> Result<Verdict, Failure> {
    let pending = database::pending(db).await?;
    if json {
        say::json(&serde_json::json!({ "pending": pending }));
    } else if pending.is_empty() {
        say::line("No migration is pending.");
    }
    if pending.is_empty() {
        Ok(Verdict::Done)
    } else {
        Err(database::migrations_pending(&pending))
    }
}

/// Whether there is a table of products that Plimsoll did not make. Refuses one of another shape
/// before anything is touched.
async fn adopts(db: &PgPool) -> Result<bool, Failure> {
    let statement = "SELECT to_regclass('products') IS NOT NULL AND to_regclass('plimsoll_internal.openings') IS NULL";
    let adopts: bool = query(statement).fetch_one(db).await?.try_get(0)?;
    if adopts {
        check_shape(db).await?;
    }
    Ok(adopts)
}

const SHAPE: &str = "
SELECT w.name, w.types, format_type(a.atttypid, a.atttypmod)
FROM (VALUES ('id', '{smallint,integer,bigint}'::text[]), ('sku', '{text,character varying}'),
    ('current_stock', '{smallint,integer,bigint}'), ('version', '{smallint,integer,bigint}'),
    ('updated_at', '{timestamp with time zone}')) AS w(name, types)
LEFT JOIN pg_attribute a ON a.attrelid = to_regclass('products') AND a.attname = w.name AND a.attnum > 0 AND NOT a.attisdropped
WHERE NOT coalesce(split_part(format_type(a.atttypid, NULL), '(', 1) = ANY (w.types), false)";

const UNIQUE_SKU: &str = "
SELECT EXISTS (
    SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = to_regclass('products') AND i.indisunique AND i.indnkeyatts = 1 AND i.indpred IS NULL AND a.attname = 'sku'
)";

async fn check_shape(db: &PgPool) -> Result<(), Failure> {
    let mut wrong = Vec::new();
    for row in query(SHAPE).fetch_all(db).await? {
        let (name, types, found): (String, Vec<String>, Option<String>) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        wrong.push(match found {
            None => format!("no column {name}"),
            Some(found) => format!("{name} is {found}, not {}", types.join(" or ")),
        });
    }
    let unique: bool = query(UNIQUE_SKU).fetch_one(db).await?.try_get(0)?;
    if wrong.is_empty() && !unique {
        wrong.push("sku is not unique".to_owned());
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let what = format!("the table products has another shape: {}", wrong.join("; "));
    Err(Failure::failed(
        what,
        "give it the columns id, sku (unique), current_stock, version, updated_at; nothing was changed",
    ))
}

async fn adopted(db: &PgPool) -> Result<(), Failure> {
    let row = query("SELECT count(*), count(*) FILTER (WHERE current_stock < 0) FROM products")
        .fetch_one(db)
        .await?;
    let (products, below): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    say::line(format_args!(
        "Adopted {}; each stands in its ledger as the opening line.",
        say::plural(products, "product")
    ));
    if below == 0 {
        return Ok(());
    }
    say::line(format_args!(
        "{} below zero, with that stock as floor:",
        stand(below)
    ));
    let statement = "SELECT sku, current_stock::bigint FROM products WHERE current_stock < 0 ORDER BY current_stock, sku LIMIT $1";
    let mut rows = Vec::new();
    for row in query(statement).bind(NAMED_MAX).fetch_all(db).await? {
        rows.push(vec![row.try_get(0)?, say::count(row.try_get::<i64, _>(1)?)]);
    }
    say::table(
        &[Column::Left("sku"), Column::Right("current stock")],
        &rows,
    );
    if below > NAMED_MAX {
        say::line(format_args!("and {} more", say::count(below - NAMED_MAX)));
    }
    Ok(())
}

fn stand(products: i64) -> String {
    if products == 1 {
        "1 product stands".to_owned()
    } else {
        format!("{} products stand", say::count(products))
    }
}
