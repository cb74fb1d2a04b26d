//! Products: created, updated against everything that was seen of them, and their openings.

use plimsoll_domain::{Slot, Stock};
use sea_orm::{ConnectionTrait, DbErr};

use super::Folds;
use crate::database::{execute, statement};
use crate::store::array;

const CREATE: &str = r#"
INSERT INTO products (sku, current_stock, version, stock_floor, decisions, ledger_stock, ledger_version, held, refused_at)
SELECT u.sku, u.stock, u.version, u.floor, u.decisions, u.stock, u.version, u.held, CASE WHEN u.refused THEN now() END
FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bool[], $7::bool[])
    AS u(sku, stock, version, floor, decisions, held, refused)
ORDER BY u.sku COLLATE "C" ON CONFLICT (sku) DO NOTHING
RETURNING sku, id::bigint"#;

const UPDATE: &str = "
UPDATE products p SET current_stock = u.stock_after, version = u.version_after, decisions = u.decisions_after,
    ledger_stock = u.stock_after, ledger_version = u.version_after, held = u.held,
    refused_at = CASE WHEN u.refused THEN now() ELSE p.refused_at END, updated_at = now()
FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[],
        $7::bigint[], $8::bigint[], $9::bigint[], $10::bool[], $11::bool[])
    AS u(id, sku, decisions, stock, version, floor, stock_after, version_after, decisions_after, held, refused)
WHERE p.id = u.id AND p.sku = u.sku AND p.decisions = u.decisions AND p.current_stock = u.stock
  AND p.version = u.version AND p.stock_floor = u.floor";

const OPEN: &str = "
INSERT INTO plimsoll_internal.openings (product_id, version, stock)
SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])";

/// Creates products for SKUs that had none and have one now. Answers every slot's product
/// key, or `None` if somebody else was faster.
pub(super) async fn create<C: ConnectionTrait>(
    folds: &Folds<'_>,
    tx: &C,
    touched: &[usize],
) -> Result<Option<Vec<i64>>, DbErr> {
    let mut ids: Vec<i64> = folds.known.iter().map(|known| known.id).collect();
    let created: Vec<usize> = touched
        .iter()
        .copied()
        .filter(|&slot| folds.after(slot).created())
        .collect();
    if created.is_empty() {
        return Ok(Some(ids));
    }
    let stock = |&slot: &usize| product(folds.after(slot).now);
    let values = [
        array(
            created
                .iter()
                .map(|&slot| folds.job.batch.skus[slot].to_string()),
        ),
        array(created.iter().map(|slot| stock(slot).units)),
        array(created.iter().map(|slot| stock(slot).version)),
        array(created.iter().map(|slot| stock(slot).floor)),
        array(created.iter().map(|slot| stock(slot).decisions)),
        array(created.iter().map(|slot| stock(slot).held)),
        array(created.iter().map(|&slot| refused(folds, slot))),
    ];
    let rows = tx.query_all_raw(statement(CREATE, values)).await?;
    for row in &rows {
        let name: String = row.try_get_by_index(0)?;
        let slot = folds
            .job
            .batch
            .skus
            .binary_search_by(|sku| sku.as_ref().cmp(&name))
            .expect("one of ours");
        ids[slot] = row.try_get_by_index(1)?;
    }
    Ok((rows.len() == created.len()).then_some(ids))
}

/// Answers whether every product was as it was seen.
pub(super) async fn update<C: ConnectionTrait>(
    folds: &Folds<'_>,
    tx: &C,
    touched: &[usize],
) -> Result<bool, DbErr> {
    let mut changed: Vec<usize> = touched
        .iter()
        .copied()
        .filter(|&slot| matches!(folds.known[slot].slot, Slot::Product(_)))
        .collect();
    if changed.is_empty() {
        return Ok(true);
    }
    changed.sort_unstable_by_key(|&slot| folds.known[slot].id);
    let before = |&slot: &usize| product(folds.known[slot].slot);
    let after = |&slot: &usize| product(folds.after(slot).now);
    let values = [
        array(changed.iter().map(|&slot| folds.known[slot].id)),
        array(
            changed
                .iter()
                .map(|&slot| folds.job.batch.skus[slot].to_string()),
        ),
        array(changed.iter().map(|slot| before(slot).decisions)),
        array(changed.iter().map(|slot| before(slot).units)),
        array(changed.iter().map(|slot| before(slot).version)),
        array(changed.iter().map(|slot| before(slot).floor)),
        array(changed.iter().map(|slot| after(slot).units)),
        array(changed.iter().map(|slot| after(slot).version)),
        array(changed.iter().map(|slot| after(slot).decisions)),
        array(changed.iter().map(|slot| after(slot).held)),
        array(changed.iter().map(|&slot| refused(folds, slot))),
    ];
    Ok(execute(tx, UPDATE, values).await? == changed.len() as u64)
}

/// Writes the openings of products that were met for the first time.
pub(super) async fn open<C: ConnectionTrait>(
    folds: &Folds<'_>,
    tx: &C,
    touched: &[usize],
    ids: &[i64],
) -> Result<(), DbErr> {
    let opened: Vec<(i64, plimsoll_domain::Line)> = touched
        .iter()
        .filter_map(|&slot| Some((ids[slot], folds.after(slot).opening?)))
        .collect();
    if !opened.is_empty() {
        let values = [
            array(opened.iter().map(|(id, _)| *id)),
            array(opened.iter().map(|(_, line)| line.version)),
            array(opened.iter().map(|(_, line)| line.stock)),
        ];
        execute(tx, OPEN, values).await?;
    }
    Ok(())
}

/// Whether refusals may answer for identities from now on. Those of a SKU that had no product until
/// now are known by its row among the unknown ones, which goes.
fn refused(folds: &Folds<'_>, slot: usize) -> bool {
    let after = folds.after(slot);
    let is_new = after.created() || after.opening.is_some();
    after.refused || is_new && folds.known[slot].refused
}

fn product(slot: Slot) -> Stock {
    match slot {
        Slot::Product(stock) => stock,
        Slot::Unknown(_) => unreachable!("only slots with a product are written here"),
    }
}
