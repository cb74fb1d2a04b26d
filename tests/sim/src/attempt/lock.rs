//! Rows locked before they are read, in the order of all writers.

use crate::database::Key;
use crate::outside::{Fault, Outside};
use crate::rows::Change;
use crate::write::Within;

/// Locks the rows of SKUs without an adopted product; makes those that are missing.
pub(crate) fn lock_unknown(skus: &[usize], within: Within, out: &mut Outside) -> Result<(), Fault> {
    let adopted = |out: &Outside, sku| {
        let product = out.db.product(Some(within.tx), sku);
        product.is_some_and(|it| it.stock.ledger.is_some())
    };
    for &sku in skus {
        if !adopted(out, sku) {
            out.lock(within.tx, Key::Unknown(sku), within.waiter)?;
            let row = out.db.unknown(Some(within.tx), sku).unwrap_or_default();
            out.db.write(within.tx, Change::Unknown(sku, Some(row)));
        }
    }
    Ok(())
}

/// Locks products, and forgets rows of those that were adopted while we waited.
pub(crate) fn lock_products(
    skus: &[usize],
    within: Within,
    out: &mut Outside,
) -> Result<(), Fault> {
    for &sku in skus {
        if out.db.product(Some(within.tx), sku).is_some() {
            out.lock(within.tx, Key::Product(sku), within.waiter)?;
        }
    }
    for &sku in skus {
        let product = out.db.product(Some(within.tx), sku);
        let adopted = product.is_some_and(|it| it.stock.ledger.is_some());
        if adopted && out.db.unknown(Some(within.tx), sku).is_some() {
            out.db.write(within.tx, Change::Unknown(sku, None));
        }
    }
    Ok(())
}
