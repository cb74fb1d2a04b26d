//! What a check found, and how much of it is kept. It knows neither Kafka nor PostgreSQL.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Invariant {
    /// Opening + Σ `quantity_change` = `current_stock`, per SKU.
    I1,
    /// `current_stock` and every `stock_after` are at or above the floor.
    I2,
    /// Versions rise by one from the opening's, and the last is the product's.
    I3,
    /// Each `stock_after` is the one before plus its change, and the last is the stock.
    I4,
    /// Every record below `next_offset` has exactly one row, which is of that record; no row lacks a record.
    I5,
    /// Each (SKU, event id) was decided exactly once, at its first copy in its partition.
    I6,
    /// Records = movements + refusals + parked, per partition.
    I7,
    /// Per SKU and partition, ledger order is offset order.
    I8,
    /// Positions and owners' epochs never go back.
    I9,
    /// What Kafka's consumer group is told is never beyond the position, and is the position once the last owner
    /// has ended well.
    I10,
    /// The database is what a pure model makes of the log.
    I11,
    /// Along a partition the revision that decided never goes back. A released event has that of its release, so
    /// this cannot be judged where rules changed between.
    I12,
    /// No deadlock.
    I17,
    /// No session is left idle in a transaction.
    I18,
    /// Every stock that was read is some ledger line's.
    I19,
}

/// One broken promise: which, where and how.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The promise.
    pub invariant: Invariant,
    /// The SKU, record (`topic/partition/offset`) or session.
    pub place: String,
    /// One sentence with the values that disagree.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {}: {}", self.invariant, self.place, self.what)
    }
}

/// Enough to see a pattern; the rest of a database that is wrong everywhere is only counted.
const KEPT_PER_INVARIANT_MAX: u64 = 20;

/// Findings in the order they were met, the first few of each invariant in full.
#[derive(Debug, Default)]
pub struct Findings {
    kept: Vec<Finding>,
    counts: BTreeMap<Invariant, u64>,
}

impl Findings {
    /// Adds one.
    pub fn add(&mut self, invariant: Invariant, place: impl fmt::Display, what: impl fmt::Display) {
        let count = self.counts.entry(invariant).or_default();
        *count += 1;
        if *count <= KEPT_PER_INVARIANT_MAX {
            self.kept.push(Finding {
                invariant,
                place: place.to_string(),
                what: what.to_string(),
            });
        }
    }

    /// The findings kept, at most 20 of each invariant.
    pub fn kept(&self) -> &[Finding] {
        &self.kept
    }

    /// Everything holds.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The promises that were broken.
    pub fn invariants(&self) -> BTreeSet<Invariant> {
        self.counts.keys().copied().collect()
    }

    /// Fails with all kept findings unless there are none.
    pub fn into_result(self) -> anyhow::Result<()> {
        anyhow::ensure!(self.is_empty(), "the guarantee is broken:\n{self}");
        Ok(())
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kept
            .iter()
            .try_for_each(|finding| writeln!(f, "{finding}"))?;
        self.counts
            .iter()
            .try_for_each(|(invariant, count)| writeln!(f, "{invariant:?}: {count} in all"))
    }
}
