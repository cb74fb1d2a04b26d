//! What is known of a SKU when a batch is folded. Knows no row, no table and no lock.

/// Stock of a product, in units, and the counters of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    /// Units on hand.
    pub units: i64,
    /// How many movements made it so.
    pub version: i64,
    /// The lowest stock the platform allows.
    pub floor: i64,
    /// Changes of the row so far; 0 means that Plimsoll never met it.
    pub decisions: i64,
    /// Units and version of our own last ledger line; differs from the above when somebody
    /// changed stock past us. `None` before adoption.
    pub ledger: Option<(i64, i64)>,
    /// All events wait until the parked ones are released.
    pub held: bool,
}

/// What is known of a SKU without a product.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnknownSku {
    /// Changes of the row so far; 0 means that there is none yet.
    pub decisions: i64,
    /// All events wait for the product.
    pub held: bool,
}

/// One SKU of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// It has a product.
    Product(Stock),
    /// It has none.
    Unknown(UnknownSku),
}

/// What the columns of `products` can hold. A table that was adopted may be narrower than 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest stock, in units; the smallest is its negation minus one.
    pub units_max: i64,
    /// Largest version.
    pub version_max: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            units_max: i64::MAX,
            version_max: i64::MAX,
        }
    }
}

impl Limits {
    /// Whether a stock of `units` fits its column.
    pub fn hold(self, units: i64) -> bool {
        // The complement of a maximum is the minimum of the same width.
        (!self.units_max..=self.units_max).contains(&units)
    }
}
