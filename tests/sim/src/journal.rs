//! What each commit says it did, for the oracle alone: nothing that is judged reads it.

use crate::rows::Place;
use crate::rules::Ruleset;

/// One commit, told.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// A batch of a lane.
    Batch {
        /// Its records in the order they were folded.
        records: Vec<Place>,
        /// Partition, first offset, next offset.
        moved: Vec<(i32, i64, i64)>,
        ruleset: Ruleset,
        /// When identities were looked up, at the earliest.
        looked: i64,
        /// How many commits there were when it was sure that SKUs without a product have none.
        without_product: usize,
    },
    /// Parked events of a SKU, replayed.
    Release {
        sku: usize,
        ruleset: Ruleset,
        /// A person decided about the first one.
        overruled: bool,
    },
    /// Parked events of a SKU, refused by a person.
    Reject { sku: usize },
    /// Somebody made a product.
    Product { sku: usize, units: i64, floor: i64 },
    /// Somebody changed a stock.
    Stock {
        sku: usize,
        units: i64,
        version: i64,
    },
    /// Somebody changed a floor.
    Floor { sku: usize, floor: i64 },
}
