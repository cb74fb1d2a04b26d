//! Which shipped rule decides about which SKUs in a demo, and with which numbers. SKUs are told
//! apart by their last digit, so that each kind has popular ones and others. Runs no rule.

use std::collections::BTreeMap;
use std::ops::Range;

use plimsoll_rule_host::ruleset::{Binding, Mode, OnFault, Selector};
use plimsoll_rule_host::{Digest, Document};
use plimsoll_sandbox::workload::sku_name;

/// The shipped rules that a demo uses.
pub(super) const RULES: [&str; 6] = [
    "unusual-change",
    "frozen-skus",
    "order-quantity-limits",
    "no-negative-stock",
    "oversell-allowance",
    "safety-stock",
];

/// Channels that traffic comes through, beside none.
pub(super) const CHANNELS: [&str; 2] = ["web", "app"];

/// The SKU that is frozen: popular enough to be met, not so popular that all is refused.
pub(super) const FROZEN: u32 = 8;

/// A change beyond so many units is unusual: larger than any but bulk events.
pub(super) const USUAL_MAX: i64 = 50;

/// At most so many SKUs may wait for a person: each waits for good.
const WATCHED_MAX: u32 = 100;

/// What decides about the stock of a SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    /// `no-negative-stock`: the floor lies far below and decides nothing.
    NoNegative,
    /// `oversell-allowance`, down to the floor or less far.
    Oversell,
    /// `safety-stock` for channels, the floor for others.
    Safety,
    /// The floor alone.
    Floor,
}

/// Numbers that are changed while events flow. Units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    /// Of `oversell-allowance`.
    pub(super) allowance: i64,
    /// Of `safety-stock`.
    pub(super) kept_back: i64,
    /// Of `order-quantity-limits`.
    pub(super) maximum: i64,
}

/// What each revision decided by, and about which SKUs: the first revision's terms first. None
/// if floors alone decide.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pub(super) skus: u32,
    pub(super) revisions: Vec<Terms>,
}

impl Group {
    const ALL: [Group; 4] = [
        Group::NoNegative,
        Group::Oversell,
        Group::Safety,
        Group::Floor,
    ];

    pub(super) fn of(sku: u32) -> Group {
        let digit = sku % 10;
        let has = |group: &Group| group.digits().contains(&digit);
        let group = Group::ALL.into_iter().find(has);
        group.expect("every digit is in a group")
    }

    fn digits(self) -> Range<u32> {
        match self {
            Group::NoNegative => 0..4,
            Group::Oversell => 4..6,
            Group::Safety => 6..8,
            Group::Floor => 8..10,
        }
    }

    /// The floor of its products, where rules decide.
    pub(super) fn floor(self) -> i64 {
        match self {
            Group::NoNegative => -1_000,
            Group::Oversell => -20,
            Group::Safety | Group::Floor => 0,
        }
    }

    fn selector(self) -> Selector {
        Selector {
            sku: self.digits().map(|digit| format!("SKU*{digit}")).collect(),
            ..Selector::default()
        }
    }
}

impl Terms {
    pub(super) fn first() -> Terms {
        Terms {
            allowance: 10,
            kept_back: 5,
            maximum: 50,
        }
    }

    /// The terms after the `number`th swap, from 0, and what is different: one number of one rule.
    pub(super) fn swapped(mut self, number: usize) -> (Terms, String) {
        let swaps = [
            ("oversell-allowance: allowance", &mut self.allowance, 10, 20),
            ("order-quantity-limits: maximum", &mut self.maximum, 50, 8),
            ("safety-stock: kept_back", &mut self.kept_back, 5, 10),
        ];
        let which = number % swaps.len();
        let (what, units, one, other) = swaps.into_iter().nth(which).expect("there are three");
        let before = *units;
        *units = if before == one { other } else { one };
        let told = format!("{what} {before} → {units}");
        (self, told)
    }

    /// The ruleset with these numbers.
    pub(super) fn document(self, bundles: &BTreeMap<String, Digest>, skus: u32) -> Document {
        let mut rules = Vec::new();
        for name in RULES {
            let Some((parameters, select)) = self.binding(name, skus) else {
                continue;
            };
            let parameters = parameters.iter().map(|&(name, units)| (name.into(), units));
            rules.push(Binding {
                bundle: bundles[name],
                mode: Mode::Enforce,
                priority: 0,
                parameters: parameters.collect(),
                select,
                on_fault: OnFault::Park,
            });
        }
        Document { rules }
    }

    /// What a rule is given, and asked about; nothing if it has nothing to do.
    fn binding(self, rule: &str, skus: u32) -> Option<(Vec<(&'static str, i64)>, Selector)> {
        let only = |skus: Range<u32>| Selector {
            sku: skus.map(sku_name).collect(),
            ..Selector::default()
        };
        Some(match rule {
            // An empty list would select everything.
            "unusual-change" if watched(skus).is_empty() => return None,
            "unusual-change" => (vec![("limit", USUAL_MAX)], only(watched(skus))),
            "frozen-skus" => (vec![], only(FROZEN..FROZEN + 1)),
            "order-quantity-limits" => (vec![("maximum", self.maximum)], Selector::default()),
            "no-negative-stock" => (vec![], Group::NoNegative.selector()),
            "oversell-allowance" => (
                vec![("allowance", self.allowance)],
                Group::Oversell.selector(),
            ),
            _ => (vec![("kept_back", self.kept_back)], safety()),
        })
    }
}

fn safety() -> Selector {
    Selector {
        channel: CHANNELS.map(str::to_owned).into(),
        ..Group::Safety.selector()
    }
}

/// The SKUs whose unusual changes wait for a person: the least popular, because all that comes
/// after one waits behind it.
pub(super) fn watched(skus: u32) -> Range<u32> {
    skus - (skus / 10).min(WATCHED_MAX)..skus
}

impl History {
    /// What a revision decided by: nothing if there never was such a revision, and `Some(None)`
    /// where floors alone decide.
    pub(super) fn terms(&self, revision: i32) -> Option<Option<Terms>> {
        if self.revisions.is_empty() {
            return (revision == 0).then_some(None);
        }
        let place = usize::try_from(revision.checked_sub(1)?).ok()?;
        self.revisions.get(place).map(|terms| Some(*terms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_swap_changes_one_number_and_three_swaps_later_back() {
        let mut terms = Terms::first();
        let mut told = Vec::new();
        for number in 0..6 {
            let (next, what) = terms.swapped(number);
            told.push(what);
            terms = next;
        }
        assert_eq!(terms, Terms::first());
        assert_eq!(
            told[..3],
            [
                "oversell-allowance: allowance 10 → 20",
                "order-quantity-limits: maximum 50 → 8",
                "safety-stock: kept_back 5 → 10"
            ]
        );
        assert_eq!(told[3], "oversell-allowance: allowance 20 → 10");
    }

    #[test]
    fn floors_leave_room_for_every_allowance() {
        let (largest, _) = Terms::first().swapped(0);
        for terms in [Terms::first(), largest] {
            assert!(Group::Oversell.floor() <= -terms.allowance);
        }
    }

    #[test]
    fn few_skus_may_wait_and_of_a_handful_none() {
        assert_eq!(watched(5), 5..5);
        assert_eq!(watched(50), 45..50);
        assert_eq!(watched(1_000_000), 999_900..1_000_000);
        let bundles = RULES.map(|name| (name.to_owned(), Digest([0; 32]))).into();
        let bound = |skus| Terms::first().document(&bundles, skus).rules.len();
        assert_eq!((bound(5), bound(50)), (5, 6));
    }

    #[test]
    fn a_revision_that_nobody_activated_has_no_terms() {
        let rules = History {
            skus: 1,
            revisions: vec![Terms::first()],
        };
        assert_eq!(rules.terms(1), Some(Some(Terms::first())));
        assert_eq!((rules.terms(0), rules.terms(2)), (None, None));
        let floors = History::default();
        assert_eq!((floors.terms(0), floors.terms(1)), (Some(None), None));
    }
}
