//! `plimsoll products set-floor`. A floor above the stock is refused as a whole, before anything
//! is written: what is on the shelf cannot be ordered away.

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{Row, query};

use crate::cli::arguments::{SetFloor, Whose};
use crate::exit::{Failure, Verdict};
use crate::say;

/// Products of one transaction: short enough that the service hardly waits.
const BATCH: i64 = 1_000;

/// Products named when a floor is refused.
const NAMED_MAX: i64 = 20;

const ABOVE: &str = "
SELECT sku, current_stock::bigint, count(*) OVER () FROM products
WHERE sku LIKE $1 AND current_stock < $2 ORDER BY current_stock, sku LIMIT $3";

const MATCHING: &str = "SELECT EXISTS (SELECT FROM products WHERE sku LIKE $1)";

/// Rows are locked by id, as everybody does. A floor is a change of the row, so `decisions` goes
/// up, and no decision made under the old floor can be committed.
const BATCH_OF: &str = "
WITH batch AS (
    SELECT id FROM products WHERE id > $1 AND sku LIKE $2 AND stock_floor <> $3 AND current_stock >= $3
    ORDER BY id LIMIT $4 FOR NO KEY UPDATE
), updated AS (
    UPDATE products p SET stock_floor = $3, decisions = decisions + 1 FROM batch WHERE p.id = batch.id AND p.current_stock >= $3
    RETURNING p.id
)
SELECT (SELECT max(id)::bigint FROM batch), (SELECT count(*) FROM updated)";

pub(super) async fn run(db: &PgPool, options: &SetFloor) -> Result<Verdict, Failure> {
    let pattern = pattern(&options.whose);
    refuse_above_stock(db, &pattern, options.units).await?;
    let (mut after, mut changed) = (i64::MIN, 0);
    loop {
        let row = query(BATCH_OF)
            .bind(after)
            .bind(&pattern)
            .bind(options.units)
            .bind(BATCH)
            .fetch_one(db)
            .await?;
        changed += row.try_get::<i64, _>(1)?;
        match row.try_get::<Option<i64>, _>(0)? {
            Some(last) => after = last,
            None => break,
        }
    }
    say::line(format_args!(
        "Set the floor of {} to {}.",
        say::plural(changed, "product"),
        say::count(options.units)
    ));
    // Stock may have been sold between the look and the lock.
    refuse_above_stock(db, &pattern, options.units).await?;
    Ok(Verdict::Done)
}

async fn refuse_above_stock(db: &PgPool, pattern: &str, units: i64) -> Result<(), Failure> {
    let matching: bool = query(MATCHING)
        .bind(pattern)
        .fetch_one(db)
        .await?
        .try_get(0)?;
    if !matching {
        return Err(Failure::failed(
            "no product matches",
            "see `plimsoll products show SKU`",
        ));
    }
    let rows = query(ABOVE)
        .bind(pattern)
        .bind(units)
        .bind(NAMED_MAX)
        .fetch_all(db)
        .await?;
    let Some(first) = rows.first() else {
        return Ok(());
    };
    let all: i64 = first.try_get(2)?;
    let mut what = vec![format!(
        "a floor of {} lies above the stock of {}:",
        say::count(units),
        say::plural(all, "product")
    )];
    for row in &rows {
        what.push(format!(
            "  {} has {}",
            row.try_get::<String, _>(0)?,
            say::count(row.try_get::<i64, _>(1)?)
        ));
    }
    if all > NAMED_MAX {
        what.push(format!("  and {} more", say::count(all - NAMED_MAX)));
    }
    Err(Failure::failed(
        what.join("\n"),
        "choose a lower floor, or count the stock anew first",
    ))
}

/// As LIKE reads it: only `*` of `--sku-pattern` means more than itself.
fn pattern(whose: &Whose) -> String {
    let escaped = |text: &str| {
        text.replace('\\', r"\\")
            .replace('%', r"\%")
            .replace('_', r"\_")
    };
    match (&whose.sku, &whose.sku_pattern) {
        (Some(sku), _) => escaped(sku),
        (None, Some(pattern)) => escaped(pattern).replace('*', "%"),
        (None, None) => "%".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_star_in_a_pattern_means_more_than_itself() {
        let whose = |sku: Option<&str>, sku_pattern: Option<&str>| Whose {
            sku: sku.map(str::to_owned),
            sku_pattern: sku_pattern.map(str::to_owned),
            all: false,
        };
        assert_eq!(pattern(&whose(Some("50%_A*"), None)), r"50\%\_A*");
        assert_eq!(pattern(&whose(None, Some("A_*-%"))), r"A\_%-\%");
        assert_eq!(pattern(&whose(None, None)), "%");
    }
}
