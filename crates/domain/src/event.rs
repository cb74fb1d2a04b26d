//! What a record says about one SKU, as the fold needs it. Knows neither bytes nor names:
//! a SKU is a slot number inside one batch.

use std::fmt;

/// The identity of an event within its SKU: 128 bits, compared and never interpreted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EventKey(pub u128);

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// What an event asks for, in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Add this many units (negative: take away). Never 0.
    Adjust(i64),
    /// A physical count: stock becomes this many units. Never negative.
    Count(i64),
}

impl Kind {
    /// The name used in events, in the ledger and in facts for rules.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Adjust(_) => "adjust",
            Kind::Count(_) => "count",
        }
    }

    /// The units asked for: a change for `Adjust`, a level for `Count`.
    pub fn quantity(self) -> i64 {
        match self {
            Kind::Adjust(units) | Kind::Count(units) => units,
        }
    }
}

/// May an event still be refused?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// A wish, such as an order: it may be refused.
    Intent,
    /// Something that already happened: never refused for want of stock; then it waits.
    Fact,
}

/// One event of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Which of the batch's SKUs.
    pub slot: u32,
    /// What it asks for.
    pub kind: Kind,
    /// Its identity; `None` means that only its position protects it.
    pub key: Option<EventKey>,
    /// Whether it may be refused. A count is always a fact.
    pub nature: Nature,
    /// Apply only if the product has exactly this version.
    pub expected_version: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_has_the_name_and_the_quantity_of_its_events() {
        let told = |kind: Kind| (kind.name(), kind.quantity());
        assert_eq!(told(Kind::Adjust(-3)), ("adjust", -3));
        assert_eq!(told(Kind::Count(7)), ("count", 7));
    }

    #[test]
    fn an_identity_is_shown_as_all_of_its_digits() {
        let key = EventKey(0x2a);
        assert_eq!(format!("{key:?}"), "0000000000000000000000000000002a");
    }
}
