//! How the rules will probably answer about a SKU, learnt from how they just did. A wrong guess
//! costs a round of questions and nothing else.

#[cfg(test)]
mod tests;

use crate::{Event, Kind, Nature, Outcome, Stock};

/// So many groups of one SKU's orders are told apart; those of further groups are guessed as if
/// all were one.
const GROUPS_MAX: usize = 4;

/// What was seen of one SKU's orders.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Guess {
    /// Of all together.
    all: Bounds,
    /// Of one group each; those that were met, then empty places.
    groups: [Option<(u32, Bounds)>; GROUPS_MAX],
}

/// What was seen of some orders, by the units that they would have left.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    /// The most that was refused.
    refused: Option<i64>,
    /// The least that was accepted, above what was refused.
    accepted: i64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            refused: None,
            accepted: i64::MAX,
        }
    }
}

impl Guess {
    /// Whether the rules will refuse `event`, an event of this group.
    pub(super) fn refuses(&self, event: &Event, group: u32, stock: Stock) -> bool {
        let left = left_by_order(event, stock.units);
        left.is_some_and(|left| self.of(group).refuses(left))
    }

    /// Learns from what became of `event`.
    pub(super) fn learn(&mut self, event: &Event, group: u32, stock: Stock, outcome: Outcome) {
        let Some(left) = left_by_order(event, stock.units) else {
            return;
        };
        let of_group = self.of(group).with(left, outcome);
        self.all = self.all.with(left, outcome);
        let mine =
            |place: &&mut Option<(u32, Bounds)>| place.is_none_or(|(known, _)| known == group);
        if let Some(place) = self.groups.iter_mut().find(mine) {
            *place = Some((group, of_group));
        }
    }

    fn of(&self, group: u32) -> Bounds {
        let mut known = self.groups.iter().flatten();
        let of_group = known.find(|(known, _)| *known == group);
        of_group.map_or(self.all, |&(_, bounds)| bounds)
    }
}

impl Bounds {
    /// Who refuses some orders mostly refuses those that leave less than nothing. If that is not
    /// what was seen, the limit is looked for half way between refused and accepted.
    fn refuses(self, left: i64) -> bool {
        let least = self.refused.map_or(i64::MIN, |most| most.saturating_add(1));
        let enough = match self {
            Bounds {
                accepted: i64::MAX, ..
            } => least.max(0),
            Bounds { accepted, .. } if (least..=accepted).contains(&0) => 0,
            Bounds { accepted, .. } => least.midpoint(accepted),
        };
        left < enough
    }

    fn with(self, left: i64, outcome: Outcome) -> Bounds {
        let Bounds { refused, accepted } = self;
        match outcome {
            Outcome::Refused { .. } => Bounds {
                refused: Some(refused.map_or(left, |refused| refused.max(left))),
                accepted: accepted.max(left.saturating_add(1)),
            },
            Outcome::Movement { .. } => Bounds {
                refused: refused.map(|refused| refused.min(left.saturating_sub(1))),
                accepted: accepted.min(left),
            },
            // Everything behind it waits, without a question.
            Outcome::Parked { .. } => self,
        }
    }
}

/// Units that an order would leave; nothing else is ever refused for want of stock.
fn left_by_order(event: &Event, units: i64) -> Option<i64> {
    match (event.kind, event.nature) {
        (Kind::Adjust(change @ ..0), Nature::Intent) => Some(units.saturating_add(change)),
        (Kind::Adjust(_) | Kind::Count(_), Nature::Intent | Nature::Fact) => None,
    }
}
