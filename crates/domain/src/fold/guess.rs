//! How the rules will probably answer about a SKU, learnt from how they just did. A wrong guess
//! costs a round of questions and nothing else.

use crate::{Event, Kind, Nature, Outcome, Stock};

/// So many groups of one SKU's orders are told apart; those of further groups are guessed as if
/// all were one.
const GROUPS_MAX: usize = 4;

/// What was seen of one SKU's orders.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guess {
    /// An order that leaves no more than this many units will probably be refused, whoever asks.
    refused_to: i64,
    /// The same of one group each; those that were met, then empty places.
    groups: [Option<(u32, i64)>; GROUPS_MAX],
}

impl Default for Guess {
    /// Everything will be accepted.
    fn default() -> Guess {
        Guess {
            refused_to: i64::MIN,
            groups: [None; GROUPS_MAX],
        }
    }
}

impl Guess {
    /// Whether the rules will refuse `event`, an event of this group.
    pub(super) fn refuses(&self, event: &Event, group: u32, stock: Stock) -> bool {
        let left = left_by_order(event, stock.units);
        left.is_some_and(|left| left <= self.refused_to(group))
    }

    fn refused_to(&self, group: u32) -> i64 {
        let mut known = self.groups.iter().flatten();
        let of_group = known.find(|(known, _)| *known == group);
        of_group.map_or(self.refused_to, |&(_, refused_to)| refused_to)
    }

    /// Learns from what became of `event`.
    pub(super) fn learn(&mut self, event: &Event, group: u32, stock: Stock, outcome: Outcome) {
        let Some(left) = left_by_order(event, stock.units) else {
            return;
        };
        let learnt = |refused_to: i64| match outcome {
            Outcome::Refused { .. } => refused_to.max(left),
            Outcome::Movement { .. } => refused_to.min(left.saturating_sub(1)),
            // Everything behind it waits, without a question.
            Outcome::Parked { .. } => refused_to,
        };
        let of_group = learnt(self.refused_to(group));
        self.refused_to = learnt(self.refused_to);
        let mine = |place: &&mut Option<(u32, i64)>| place.is_none_or(|(known, _)| known == group);
        if let Some(place) = self.groups.iter_mut().find(mine) {
            *place = Some((group, of_group));
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
