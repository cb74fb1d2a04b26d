//! `plimsoll products import`: new products in batches. A SKU that exists keeps its stock, so an
//! import that broke off is simply repeated.

use std::path::Path;

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{Row, query};

use super::file::{self, Product};
use crate::exit::{Failure, Verdict};
use crate::say;

/// Products of one transaction: short enough that nobody waits for its locks.
const BATCH: usize = 2_000;

/// A note of progress after this many products.
const NOTE_EVERY: usize = 100_000;

/// In ascending order, so that two imports at once wait for each other instead of deadlocking.
/// `decisions` stays 0: the service adopts the product when it first meets it.
const INSERT: &str = r#"
INSERT INTO products (sku, current_stock, stock_floor)
SELECT u.sku, u.stock, u.floor FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS u(sku, stock, floor)
ORDER BY u.sku COLLATE "C" ON CONFLICT (sku) DO NOTHING"#;

const STOCK_TYPE: &str = "
SELECT format_type(atttypid, NULL) FROM pg_attribute WHERE attrelid = 'products'::regclass AND attname = 'current_stock'";

pub(super) async fn run(
    db: &PgPool,
    floor_default: i64,
    path: &Path,
    json: bool,
) -> Result<Verdict, Failure> {
    let products = file::read(path, floor_default, units_max(db).await?)?;
    let imported = import(db, &products).await?;
    let existing = products.len() as u64 - imported;
    if json {
        say::json(
            &serde_json::json!({ "lines": products.len(), "imported": imported, "existing": existing }),
        );
    } else {
        say::line(format_args!(
            "Imported {}; {} existed and stayed as they are.",
            say::plural(imported, "product"),
            say::count(existing)
        ));
    }
    Ok(Verdict::Done)
}

/// Adds those whose SKU is new, and answers how many. `products` ascend by SKU.
pub(crate) async fn import(db: &PgPool, products: &[Product]) -> Result<u64, Failure> {
    let mut imported = 0;
    for (n, batch) in products.chunks(BATCH).enumerate() {
        if n > 0 && (n * BATCH).is_multiple_of(NOTE_EVERY) {
            say::note(format_args!("{} of {} lines", n * BATCH, products.len()));
        }
        imported += insert(db, batch).await?;
    }
    Ok(imported)
}

async fn insert(db: &PgPool, batch: &[Product]) -> Result<u64, Failure> {
    let skus: Vec<&str> = batch.iter().map(|product| product.sku.as_str()).collect();
    let stocks: Vec<i64> = batch.iter().map(|product| product.stock).collect();
    let floors: Vec<i64> = batch.iter().map(|product| product.floor).collect();
    Ok(query(INSERT)
        .bind(skus)
        .bind(stocks)
        .bind(floors)
        .execute(db)
        .await?
        .rows_affected())
}

/// The most units that the column of an adopted table can hold.
async fn units_max(db: &PgPool) -> Result<i64, Failure> {
    let row = query(STOCK_TYPE).fetch_one(db).await?;
    Ok(match row.try_get::<String, _>(0)?.as_str() {
        "smallint" => i64::from(i16::MAX),
        "integer" => i64::from(i32::MAX),
        _ => i64::MAX,
    })
}
