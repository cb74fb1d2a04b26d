//! What the database says of the SKUs of a batch, for those that are not known. Decides nothing.

use plimsoll_domain::{Slot, Stock, UnknownSku};
use sea_orm::{ConnectionTrait, DbErr, QueryResult};

use super::columns::array;
use crate::database::{execute, statement};
use crate::knowledge::{Knowledge, Row};
use crate::locks::Sku;

/// One SKU as read: what is folded, and what the write needs beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) slot: Slot,
    /// The product's key; 0 where there is none yet.
    pub(super) id: i64,
    /// Whether a refusal of it may answer for an identity.
    pub(super) refused: bool,
    /// Changes of its row in `unknown_skus`, if it has one.
    pub(super) unknown: Option<i64>,
}

const ROWS: &str = r#"
SELECT (s.n - 1)::int, p.id::bigint, p.current_stock::bigint, p.version::bigint, p.stock_floor, p.decisions,
    p.ledger_stock, p.ledger_version, coalesce(p.held, false) OR coalesce(u.held, false),
    p.refused_at IS NOT NULL OR u.refused_at IS NOT NULL, u.decisions
FROM unnest($1::text[]) WITH ORDINALITY AS s(sku, n)
LEFT JOIN products p ON p.sku = s.sku
LEFT JOIN plimsoll_internal.unknown_skus u ON u.sku = s.sku COLLATE "C" AND p.ledger_version IS NULL"#;

/// Makes the rows that are missing: made later, after products are locked, they would be out of
/// order.
const LOCK_UNKNOWN: &str = r#"
INSERT INTO plimsoll_internal.unknown_skus AS s (sku, decisions, held)
SELECT u.sku, 0, false FROM unnest($1::text[]) AS u(sku)
WHERE NOT EXISTS (SELECT FROM products p WHERE p.sku = u.sku AND p.ledger_version IS NOT NULL)
ORDER BY u.sku COLLATE "C"
ON CONFLICT (sku) DO UPDATE SET decisions = s.decisions"#;
const LOCK_PRODUCTS: &str = "
SELECT 1 FROM products WHERE sku = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE";
/// A product that was adopted while we waited needs no other row. The index of products has the
/// default collation.
const FORGET_ADOPTED: &str = r#"
DELETE FROM plimsoll_internal.unknown_skus s WHERE s.sku = ANY($1::text[])
  AND EXISTS (SELECT FROM products p WHERE p.sku = s.sku COLLATE "default" AND p.ledger_version IS NOT NULL)"#;

/// Locks the rows of `skus` until the transaction ends, in the order all writers keep.
pub(super) async fn lock<C: ConnectionTrait>(tx: &C, skus: &[Sku]) -> Result<(), DbErr> {
    for sql in [LOCK_UNKNOWN, LOCK_PRODUCTS, FORGET_ADOPTED] {
        execute(tx, sql, [array(skus.iter().map(|sku| sku.to_string()))]).await?;
    }
    Ok(())
}

/// All `skus`, from what is known and from the database, and the epoch this belongs to.
pub(super) async fn rows<C: ConnectionTrait>(
    db: &C,
    knowledge: &Knowledge,
    skus: &[Sku],
) -> Result<(u64, Vec<Known>), DbErr> {
    let (epoch, rows) = knowledge.of(skus.iter());
    let missing: Vec<usize> = (0..skus.len()).filter(|&n| rows[n].is_none()).collect();
    let mut known: Vec<Known> = rows.into_iter().map(Known::of).collect();
    if missing.is_empty() {
        return Ok((epoch, known));
    }
    let names = array(missing.iter().map(|&n| skus[n].to_string()));
    for row in db.query_all_raw(statement(ROWS, [names])).await? {
        let n: i32 = row.try_get_by_index(0)?;
        let n = usize::try_from(n).expect("an ordinal of what was asked");
        known[missing[n]] = read(&row)?;
    }
    let learnt = missing
        .iter()
        .filter_map(|&n| Some((skus[n].clone(), known[n].row()?)));
    knowledge.keep(epoch, learnt);
    Ok((epoch, known))
}

fn read(row: &QueryResult) -> Result<Known, DbErr> {
    let held = row.try_get_by_index(8)?;
    let refused = row.try_get_by_index(9)?;
    let unknown: Option<i64> = row.try_get_by_index(10)?;
    let Some(id) = row.try_get_by_index::<Option<i64>>(1)? else {
        let slot = Slot::Unknown(UnknownSku {
            decisions: unknown.unwrap_or(0),
            held,
        });
        return Ok(Known {
            slot,
            id: 0,
            refused,
            unknown,
        });
    };
    let ledger = Option::zip(row.try_get_by_index(6)?, row.try_get_by_index(7)?);
    let stock = Stock {
        units: row.try_get_by_index(2)?,
        version: row.try_get_by_index(3)?,
        floor: row.try_get_by_index(4)?,
        decisions: row.try_get_by_index(5)?,
        ledger,
        held,
    };
    Ok(Known {
        slot: Slot::Product(stock),
        id,
        refused,
        unknown,
    })
}

impl Known {
    fn of(row: Option<Row>) -> Known {
        match row {
            Some(row) => Known {
                slot: Slot::Product(row.stock),
                id: row.id,
                refused: row.refused,
                unknown: None,
            },
            None => Known {
                slot: Slot::Unknown(UnknownSku::default()),
                id: 0,
                refused: false,
                unknown: None,
            },
        }
    }

    /// What may be kept: a product with a ledger. Everything else is read each time.
    fn row(&self) -> Option<Row> {
        match self.slot {
            Slot::Product(stock) if stock.ledger.is_some() => Some(Row {
                id: self.id,
                stock,
                refused: self.refused,
            }),
            Slot::Product(_) | Slot::Unknown(_) => None,
        }
    }
}
