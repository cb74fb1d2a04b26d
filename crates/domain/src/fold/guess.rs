//! How the rules will probably answer about a SKU, learnt from how they just did. A wrong guess
//! costs a round of questions and nothing else.

use crate::{Event, Kind, Nature, Outcome, Stock};

/// What was seen of one SKU's orders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    /// An order that leaves no more than this many units will probably be refused.
    refused_to: i64,
}

impl Default for Guess {
    /// Everything will be accepted.
    fn default() -> Guess {
        Guess {
            refused_to: i64::MIN,
        }
    }
}

impl Guess {
    /// Whether the rules will refuse `event`.
    pub(super) fn refuses(self, event: &Event, stock: Stock) -> bool {
        left_by_order(event, stock.units).is_some_and(|left| left <= self.refused_to)
    }

    /// Learns from what became of `event`.
    pub(super) fn learn(&mut self, event: &Event, stock: Stock, outcome: Outcome) {
        let Some(left) = left_by_order(event, stock.units) else {
            return;
        };
        match outcome {
            Outcome::Refused { .. } => self.refused_to = self.refused_to.max(left),
            Outcome::Movement { .. } => {
                self.refused_to = self.refused_to.min(left.saturating_sub(1))
            }
            // Everything behind it waits, without a question.
            Outcome::Parked { .. } => {}
        }
    }
}

/// Units that an order would leave; nothing else is ever refused for want of stock.
fn left_by_order(event: &Event, units: i64) -> Option<i64> {
    match (event.kind, event.nature) {
        (Kind::Adjust(change), Nature::Intent) if change < 0 => Some(units.saturating_add(change)),
        (Kind::Adjust(_) | Kind::Count(_), Nature::Intent | Nature::Fact) => None,
    }
}
