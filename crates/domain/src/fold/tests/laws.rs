//! What holds of every batch. A batch that breaks a law is printed in the notation of the
//! tables, ready to become a case there.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::chance::cases;
use super::model;
use super::notation::Case;
use super::printed::printed;
use crate::fold::{Folded, Line, fold};
use crate::{Event, Outcome, Refusal, Slot, Stock, UnknownSku};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_notation_says_all_of_a_case(case in cases()) {
        prop_assert_eq!(Case::parse(&case.to_string()), case);
    }

    #[test]
    fn the_fold_is_the_naive_model(case in cases()) {
        let (folded, expected) = (folded(&case), model::expected(&case));
        let (told, wanted) = (printed(&case, &folded), printed(&case, &expected));
        prop_assert!(told == wanted, "the fold:\n{told}\nthe model:\n{wanted}");
        prop_assert_eq!(folded.outcomes, expected.outcomes);
        prop_assert_eq!(folded.slots, expected.slots);
    }

    #[test]
    fn a_batch_cut_in_two_folds_to_the_same(case in cases(), at in any::<prop::sample::Index>()) {
        let (head, tail) = case.events.split_at(at.index(case.events.len() + 1));
        let whole = folded(&case);
        let first = folded(&Case { events: head.to_vec(), ..case.clone() });
        let second = folded(&after(&case, head, &first, tail));

        prop_assert_eq!(whole.outcomes, [first.outcomes, second.outcomes].concat());
        for ((whole, first), second) in whole.slots.iter().zip(&first.slots).zip(&second.slots) {
            prop_assert_eq!(whole.now, second.now);
            prop_assert_eq!(whole.recorded, first.recorded + second.recorded);
            prop_assert_eq!(whole.refused, first.refused || second.refused);
            prop_assert!(first.opening.is_none() || second.opening.is_none());
            prop_assert_eq!(whole.opening, first.opening.or(second.opening));
            prop_assert!(first.external.is_none() || second.external.is_none());
            prop_assert_eq!(whole.external, first.external.or(second.external));
        }
    }

    #[test]
    fn a_replay_changes_nothing_and_finds_only_repeats(mut case in cases()) {
        case.events.retain(|event| event.key.is_some());
        let once = folded(&case);
        let again = after(&case, &case.events, &once, &case.events);
        let replayed = folded(&again);

        for (outcome, first) in replayed.outcomes.iter().zip(&once.outcomes) {
            let expected = if refusal(first) == Some(Refusal::EventIdConflict) { Refusal::EventIdConflict } else { Refusal::Duplicate };
            prop_assert_eq!(refusal(outcome), Some(expected));
        }
        for (after, known) in replayed.slots.iter().zip(&again.slots) {
            prop_assert_eq!(balance(after.now), balance(*known));
            prop_assert_eq!((after.opening, after.external), (None, None));
        }
    }

    #[test]
    fn stock_never_falls_below_its_floor_or_out_of_its_columns(case in cases()) {
        let folded = folded(&case);
        for (event, outcome) in case.events.iter().zip(&folded.outcomes) {
            if let (Slot::Product(stock), Outcome::Movement { stock_after, version, .. }) = (folded.slots[event.slot as usize].now, outcome) {
                prop_assert!(*stock_after >= stock.floor);
                prop_assert!(case.policy.limits.hold(*stock_after));
                prop_assert!(*version <= case.policy.limits.version_max);
            }
        }
        for after in &folded.slots {
            if let Slot::Product(stock) = after.now {
                prop_assert!(stock.units >= stock.floor);
            }
        }
    }

    #[test]
    fn the_lines_of_a_ledger_are_a_chain_without_a_gap(case in cases()) {
        let folded = folded(&case);
        let mut ends: BTreeMap<u32, (i64, i64)> = (0..).zip(&case.slots).map(|(n, &slot)| (n, start(slot))).collect();
        for (slot, after) in (0..).zip(&folded.slots) {
            let end = ends.get_mut(&slot).expect("a slot");
            if let Some(Line { change, stock, version }) = after.external {
                prop_assert_eq!((end.0 + change, end.1 + 1), (stock, version));
                *end = (stock, version);
            }
        }
        for (event, outcome) in case.events.iter().zip(&folded.outcomes) {
            if let Outcome::Movement { change, stock_after, version } = *outcome {
                let end = ends.get_mut(&event.slot).expect("a slot");
                prop_assert_eq!((end.0 + change, end.1 + 1), (stock_after, version));
                *end = (stock_after, version);
            }
        }
        for (slot, after) in (0..).zip(&folded.slots) {
            if let (Slot::Product(stock), true) = (after.now, after.touched()) {
                prop_assert_eq!((stock.units, stock.version), ends[&slot]);
                prop_assert_eq!(stock.ledger, Some(ends[&slot]));
            }
        }
    }

    #[test]
    fn decisions_count_every_row_but_duplicates(case in cases()) {
        let folded = folded(&case);
        let mut rows = vec![0_i64; case.slots.len()];
        for (event, outcome) in case.events.iter().zip(&folded.outcomes) {
            rows[event.slot as usize] += i64::from(refusal(outcome) != Some(Refusal::Duplicate));
        }
        for (after, rows) in folded.slots.iter().zip(rows) {
            let lines = i64::from(after.opening.is_some()) + i64::from(after.external.is_some());
            prop_assert_eq!(i64::from(after.recorded), rows);
            prop_assert_eq!(decisions(after.now), decisions(after.before) + rows + lines);
        }
    }

    #[test]
    fn a_sku_about_which_nothing_is_recorded_stays_as_it_was(case in cases()) {
        for after in folded(&case).slots.iter().filter(|after| !after.touched()) {
            prop_assert_eq!(after.now, after.before);
            prop_assert_eq!((after.opening, after.external, after.refused), (None, None, false));
        }
    }
}

fn folded(case: &Case) -> Folded {
    fold(&case.events, &case.slots, &case.answered, &case.policy)
}

/// The fold of `tail`, knowing all that the fold of `head` left behind.
fn after(case: &Case, head: &[Event], folded: &Folded, tail: &[Event]) -> Case {
    let mut answered = case.answered.clone();
    for (event, outcome) in head.iter().zip(&folded.outcomes) {
        let repeat = matches!(
            refusal(outcome),
            Some(Refusal::Duplicate | Refusal::EventIdConflict)
        );
        if let (Some(key), false) = (event.key, repeat) {
            answered.insert((event.slot, key), event.kind);
        }
    }
    let slots = folded.slots.iter().map(|after| after.now).collect();
    Case {
        policy: case.policy,
        slots,
        answered,
        events: tail.to_vec(),
    }
}

fn refusal(outcome: &Outcome) -> Option<Refusal> {
    match outcome {
        Outcome::Refused { refusal, .. } => Some(*refusal),
        Outcome::Movement { .. } | Outcome::Parked { .. } => None,
    }
}

/// Everything but the counter of decisions, which a conflict adds to.
fn balance(slot: Slot) -> Slot {
    match slot {
        Slot::Product(stock) => Slot::Product(Stock {
            decisions: 0,
            ..stock
        }),
        Slot::Unknown(unknown) => Slot::Unknown(UnknownSku {
            decisions: 0,
            ..unknown
        }),
    }
}

fn decisions(slot: Slot) -> i64 {
    match slot {
        Slot::Product(stock) => stock.decisions,
        Slot::Unknown(unknown) => unknown.decisions,
    }
}

/// Where the ledger of a SKU ends before the batch: at its last line, or where it will open.
fn start(slot: Slot) -> (i64, i64) {
    match slot {
        Slot::Product(stock) => stock.ledger.unwrap_or((stock.units, stock.version)),
        Slot::Unknown(_) => (0, 0),
    }
}
