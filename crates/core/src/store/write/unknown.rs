//! SKUs without a product, and those that get one in this transaction: their rows are locked
//! in one ascending statement before anything is read into them.

use plimsoll_domain::Slot;
use sea_orm::{ConnectionTrait, DbErr};

use super::Folds;
use crate::database::{execute, statement};
use crate::store::array;

/// Makes the rows that are missing, so that a racing writer of the same SKU waits for us.
const LOCK: &str = r#"
INSERT INTO plimsoll_internal.unknown_skus AS s (sku, decisions, held)
SELECT u.sku, 0, false FROM unnest($1::text[]) AS u(sku) ORDER BY u.sku COLLATE "C"
ON CONFLICT (sku) DO UPDATE SET decisions = s.decisions
RETURNING sku, decisions"#;

const UPDATE: &str = r#"
UPDATE plimsoll_internal.unknown_skus s SET decisions = u.decisions, held = u.held,
    refused_at = CASE WHEN u.refused THEN now() ELSE s.refused_at END
FROM unnest($1::text[], $2::bigint[], $3::bool[], $4::bool[]) AS u(sku, decisions, held, refused)
WHERE s.sku = u.sku COLLATE "C""#;

const FORGET: &str = "DELETE FROM plimsoll_internal.unknown_skus WHERE sku = ANY($1::text[])";

/// A new statement, so that it sees a product that was committed while we waited.
const PRODUCTS: &str = "SELECT 1 FROM products WHERE sku = ANY($1::text[]) LIMIT 1";

/// Answers whether the rows were as they were seen, and none of the SKUs has a product now.
pub(super) async fn write<C: ConnectionTrait>(
    folds: &Folds<'_>,
    tx: &C,
    touched: &[usize],
) -> Result<bool, DbErr> {
    let concerned: Vec<usize> = touched
        .iter()
        .copied()
        .filter(|&slot| concerns(folds, slot))
        .collect();
    if concerned.is_empty() {
        return Ok(true);
    }
    let sku = |&slot: &usize| folds.job.batch.skus[slot].to_string();
    let rows = tx
        .query_all_raw(statement(LOCK, [array(concerned.iter().map(sku))]))
        .await?;
    for row in &rows {
        let (name, decisions): (String, i64) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let slot = folds
            .job
            .batch
            .skus
            .binary_search_by(|sku| sku.as_ref().cmp(&name))
            .expect("one of ours");
        if folds.known[slot].unknown.unwrap_or(0) != decisions {
            return Ok(false);
        }
    }
    let (stay, leave): (Vec<usize>, Vec<usize>) = concerned
        .iter()
        .partition(|&&slot| is_unknown(folds.after(slot).now));
    if !leave.is_empty() {
        execute(tx, FORGET, [array(leave.iter().map(sku))]).await?;
    }
    if stay.is_empty() {
        return Ok(true);
    }
    let now = |&slot: &usize| match folds.after(slot).now {
        Slot::Unknown(unknown) => unknown,
        Slot::Product(_) => unreachable!("partitioned above"),
    };
    let values = [
        array(stay.iter().map(sku)),
        array(stay.iter().map(|slot| now(slot).decisions)),
        array(stay.iter().map(|slot| now(slot).held)),
        array(stay.iter().map(|&slot| folds.after(slot).refused)),
    ];
    execute(tx, UPDATE, values).await?;
    let products = tx
        .query_one_raw(statement(PRODUCTS, [array(stay.iter().map(sku))]))
        .await?;
    Ok(products.is_none())
}

/// A SKU without a product before, or a product that nobody adopted yet.
fn concerns(folds: &Folds<'_>, slot: usize) -> bool {
    is_unknown(folds.after(slot).before) || folds.after(slot).opening.is_some()
}

fn is_unknown(slot: Slot) -> bool {
    matches!(slot, Slot::Unknown(_))
}
