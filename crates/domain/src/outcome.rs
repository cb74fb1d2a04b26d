//! The answers an event can get. Each becomes one row: a movement in the ledger, a refusal,
//! or a parked event. Knows no text beyond the stable codes.

#[cfg(test)]
mod tests;

use crate::verdict::Said;

/// What became of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It changed stock: one ledger line.
    Movement {
        /// Units added (a count may add 0).
        change: i64,
        /// Units on hand afterwards.
        stock_after: i64,
        /// The version it made.
        version: i64,
    },
    /// It changed nothing.
    Refused {
        /// Why.
        refusal: Refusal,
        /// What it was decided on; `None` for a SKU without a product.
        seen: Option<Seen>,
    },
    /// It waits, and every later event of its SKU behind it.
    Parked {
        /// What it waits for.
        hold: Hold,
        /// What it was decided on; `None` for a SKU without a product.
        seen: Option<Seen>,
    },
}

/// The product as a decision saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Units on hand.
    pub stock: i64,
    /// Version.
    pub version: i64,
    /// Floor.
    pub floor: i64,
}

/// Why an event changed nothing, in order of precedence: the first that holds is the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// An event of this SKU with this identity was decided before.
    Duplicate,
    /// The same identity, but another kind or quantity.
    EventIdConflict,
    /// No such product, and the configuration says to refuse.
    UnknownSku,
    /// The product does not have the expected version.
    Stale,
    /// A rule rejects it, with a code of its own.
    Rule(Said),
    /// The result would not fit the columns.
    Overflow,
    /// Stock would fall below the floor.
    BelowFloor,
}

impl Refusal {
    /// The column `outcome` of its row.
    pub fn outcome(self) -> &'static str {
        match self {
            Refusal::Duplicate => "duplicate",
            Refusal::UnknownSku => "unknown_sku",
            Refusal::EventIdConflict
            | Refusal::Stale
            | Refusal::Rule(_)
            | Refusal::Overflow
            | Refusal::BelowFloor => "rejected",
        }
    }

    /// The column `code` of its row: stable, `snake_case`. `own` knows those of rules.
    pub fn code<'a>(self, own: impl FnOnce(Said) -> &'a str) -> &'a str {
        match self {
            Refusal::Rule(said) => own(said),
            Refusal::Duplicate => "duplicate",
            Refusal::EventIdConflict => "event_id_conflict",
            Refusal::UnknownSku => "unknown_sku",
            Refusal::Stale => "stale",
            Refusal::Overflow => "overflow",
            Refusal::BelowFloor => "below_floor",
        }
    }

    /// Whether a later event with the same identity is measured against this one.
    /// Repeats and conflicts are not: the first copy is.
    pub fn answers_for_its_identity(self) -> bool {
        match self {
            Refusal::Duplicate | Refusal::EventIdConflict => false,
            Refusal::UnknownSku
            | Refusal::Stale
            | Refusal::Rule(_)
            | Refusal::Overflow
            | Refusal::BelowFloor => true,
        }
    }

    /// What the rule said, if it was one.
    pub fn said(self) -> Option<Said> {
        match self {
            Refusal::Rule(said) => Some(said),
            Refusal::Duplicate
            | Refusal::EventIdConflict
            | Refusal::UnknownSku
            | Refusal::Stale
            | Refusal::Overflow
            | Refusal::BelowFloor => None,
        }
    }
}

/// What a parked event waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Its SKU is held: events before it wait.
    Behind,
    /// A product with its SKU.
    UnknownSku,
    /// A person, or another rule: a rule lets it wait, with a code of its own.
    Rule(Said),
    /// A floor low enough, or stock: it is a fact and cannot be refused.
    BelowFloor,
}

impl Hold {
    /// The column `code` of its row: stable, `snake_case`. `own` knows those of rules.
    pub fn code<'a>(self, own: impl FnOnce(Said) -> &'a str) -> &'a str {
        match self {
            Hold::Rule(said) => own(said),
            Hold::Behind => "behind",
            Hold::UnknownSku => "unknown_sku",
            Hold::BelowFloor => "below_floor",
        }
    }

    /// What the rule said, if it was one.
    pub fn said(self) -> Option<Said> {
        match self {
            Hold::Rule(said) => Some(said),
            Hold::Behind | Hold::UnknownSku | Hold::BelowFloor => None,
        }
    }
}
