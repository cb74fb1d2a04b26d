//! What producers send: few SKUs, small numbers, so that events meet. Knows neither the log nor who
//! reads it.

use plimsoll_domain::{EventKey, Kind, Nature};

use crate::chance::Chance;
use crate::plan::{Feature, Plan};

/// What a record asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) sku: usize,
    pub(crate) kind: Kind,
    pub(crate) key: Option<EventKey>,
    pub(crate) nature: Nature,
    pub(crate) expected_version: Option<i64>,
}

/// A record's value: an event, or nothing that can be read.
pub(crate) type Content = Option<Wish>;

/// The producers.
pub(crate) struct Traffic {
    pub(crate) skus: usize,
    left: usize,
    identities: u128,
    sent: Vec<Wish>,
}

impl Traffic {
    pub(crate) fn new(plan: &Plan, chance: &mut Chance) -> Traffic {
        Traffic {
            skus: 1 + chance.below(4),
            left: plan.records,
            identities: 0,
            sent: Vec::new(),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// The next record, and what it goes to a partition by.
    pub(crate) fn next(&mut self, plan: &Plan, chance: &mut Chance) -> (Content, usize) {
        self.left = self.left.saturating_sub(1);
        let content = self.content(plan, chance);
        let key = match content {
            Some(wish) if !plan.has(Feature::Unkeyed) => wish.sku,
            Some(_) | None => chance.below(1 << 16),
        };
        (content, key)
    }

    fn content(&mut self, plan: &Plan, chance: &mut Chance) -> Content {
        if plan.has(Feature::Malformed) && chance.percent(8) {
            return None;
        }
        if plan.has(Feature::Repeats) && chance.percent(25) && !self.sent.is_empty() {
            let mut wish = chance.pick(&self.sent);
            if chance.percent(25) {
                wish.kind = Kind::Adjust(wish.kind.quantity() + 7);
            }
            return Some(wish);
        }
        let wish = self.fresh(plan, chance);
        if wish.key.is_some() {
            self.sent.push(wish);
        }
        Some(wish)
    }

    fn fresh(&mut self, plan: &Plan, chance: &mut Chance) -> Wish {
        let hot = plan.has(Feature::HotSku) && chance.percent(70);
        let nameless = plan.has(Feature::Nameless) && chance.percent(30);
        let expects = plan.has(Feature::Expecting) && chance.percent(20);
        let fact = plan.has(Feature::Facts) && chance.percent(25);
        let count = plan.has(Feature::Facts) && chance.percent(15);
        self.identities += 1;
        let units = chance.between(1, 5);
        let change = if chance.percent(60) { -units } else { units };
        let far = plan.has(Feature::Narrow) && chance.percent(10);
        Wish {
            sku: if hot { 0 } else { chance.below(self.skus) },
            kind: match count {
                true => Kind::Count(chance.between(0, 12)),
                false if far => Kind::Adjust(change * 1_000),
                false => Kind::Adjust(change),
            },
            key: (!nameless).then_some(EventKey(self.identities)),
            nature: if count || fact {
                Nature::Fact
            } else {
                Nature::Intent
            },
            expected_version: expects.then(|| chance.between(0, 6)),
        }
    }
}
