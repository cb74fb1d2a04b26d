//! The fold with rules: the same as asking one event after the other, in few rounds.

use std::convert::Infallible;

use proptest::prelude::*;

use super::chance::cases;
use super::notation::Case;
use super::printed::printed;
use crate::fold::{Folded, Question, fold, fold_asking};
use crate::verdict::{Code, Combined, Decision, Said};
use crate::{Event, Kind, Outcome, Slot};

/// What a fold asked, round by round.
#[derive(Default)]
struct Asked {
    rounds: usize,
    questions: usize,
}

/// A rule: the answer for an event and the product it meets.
type Rule = fn(&Event, Question) -> Combined;

fn accept(_: &Event, _: Question) -> Combined {
    decided(Decision::Accept)
}

fn decided(decision: Decision) -> Combined {
    Combined {
        decision,
        flags: Vec::new(),
    }
}

fn said(code: u16) -> Said {
    Said {
        rule: 0,
        code: Code::Own(code),
    }
}

fn no_negative_stock(event: &Event, question: Question) -> Combined {
    let left = question.seen.stock.saturating_add(event.kind.quantity());
    match event.kind {
        Kind::Adjust(change) if change < 0 && left < 0 => decided(Decision::Reject(said(0))),
        Kind::Adjust(_) | Kind::Count(_) => decided(Decision::Accept),
    }
}

/// Answers of every kind, from all that a question says.
fn moody(event: &Event, question: Question) -> Combined {
    let mood = event.kind.quantity() ^ question.seen.stock ^ question.seen.version;
    let decision = match (mood.rem_euclid(9), event.kind) {
        (0, _) => Decision::Park(said(1)),
        (1 | 2, _) => Decision::Reject(said(2)),
        (3, Kind::Adjust(change)) if change < -1 => Decision::Clamp(1),
        _ => Decision::Accept,
    };
    let flagged = mood.rem_euclid(4) == 0;
    Combined {
        decision,
        flags: if flagged { vec![said(3)] } else { Vec::new() },
    }
}

fn folded(case: &Case, rule: Rule) -> (Folded, Asked) {
    folded_alike(case, &[], rule)
}

fn folded_alike(case: &Case, alike: &[u32], rule: Rule) -> (Folded, Asked) {
    let mut asked = Asked::default();
    let ask = |questions: &[Question]| {
        asked.rounds += 1;
        assert!(
            asked.rounds <= case.events.len(),
            "each round decides something"
        );
        asked.questions += questions.len();
        let answer = |&question: &Question| rule(&case.events[question.event as usize], question);
        Ok::<_, Infallible>(questions.iter().map(answer).collect())
    };
    let Case {
        events,
        slots,
        answered,
        policy,
        ..
    } = case;
    let Ok(folded) = fold_asking(events, slots, answered, policy, alike, ask);
    (folded, asked)
}

/// The same, one event at a time: every question is asked at the right balance.
fn one_by_one(case: &Case, rule: Rule) -> (Vec<Outcome>, Vec<Slot>, Vec<(u32, Said)>) {
    let mut case = case.clone();
    let (mut outcomes, mut flags) = (Vec::new(), Vec::new());
    for (n, event) in (0..).zip(std::mem::take(&mut case.events)) {
        case.events = vec![event];
        let (folded, _) = folded(&case, rule);
        case.slots = folded.slots.iter().map(|after| after.now).collect();
        if let Some(key) = event.key {
            case.answered.entry((event.slot, key)).or_insert(event.kind);
        }
        outcomes.extend(folded.outcomes);
        flags.extend(folded.flags.into_iter().map(|(_, said)| (n, said)));
    }
    (outcomes, case.slots, flags)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn rules_that_accept_all_leave_the_floor_to_decide(case in cases()) {
        let by_floor = fold(&case.events, &case.slots, &case.answered, &case.policy);
        let (by_rules, _) = folded(&case, accept);
        prop_assert_eq!(printed(&case, &by_rules), printed(&case, &by_floor));
        prop_assert_eq!(by_rules.outcomes, by_floor.outcomes);
        prop_assert_eq!(by_rules.slots, by_floor.slots);
    }

    #[test]
    fn asking_in_rounds_decides_as_asking_one_by_one(case in cases()) {
        let alike: Vec<u32> = (0..7).cycle().take(case.events.len()).collect();
        for rule in [no_negative_stock, moody] {
            let (folded, asked) = folded_alike(&case, &alike, rule);
            let (outcomes, slots, flags) = one_by_one(&case, rule);
            prop_assert_eq!(folded.outcomes, outcomes);
            prop_assert_eq!(folded.slots.iter().map(|after| after.now).collect::<Vec<_>>(), slots);
            prop_assert_eq!(folded.flags, flags);
            prop_assert!(folded.used.iter().all(|&number| (number as usize) < asked.questions));
        }
    }
}

#[test]
fn an_answer_counts_once_and_only_where_the_balance_was_guessed_right() {
    let case = Case::parse("A: 8 floor -100\nA -2, A -2, A +4, A -2");
    let (folded, asked) = folded(&case, some_stop_earlier);
    // -2 is refused at 6 units; what was asked about +4 and -2 at 4 and 8 units is void.
    assert_eq!((asked.rounds, asked.questions), (2, 6));
    assert_eq!(folded.used, [0, 1, 4, 5]);
}

#[test]
fn orders_that_leave_less_than_nothing_are_expected_to_be_refused() {
    let case = Case::parse("A: 5 floor -100\nA -3, A -3, A +4, A -3");
    let (_, asked) = folded(&case, no_negative_stock);
    assert_eq!((asked.rounds, asked.questions), (1, 4));
}

#[test]
fn where_they_are_accepted_that_is_learnt_once() {
    let orders = vec!["A -1"; 60].join(", ");
    let case = Case::parse(&format!("A: 3 floor -100\n{orders}"));
    let (_, asked) = folded(&case, accept);
    assert_eq!(asked.rounds, 2);
}

#[test]
fn a_sold_out_sku_that_refuses_thousands_costs_a_few_rounds() {
    let orders = vec!["A -3"; 5_000].join(", ");
    let case = Case::parse(&format!("A: 100 floor -100000\n{orders}"));
    let (folded, asked) = folded(&case, no_negative_stock);
    let refused = |outcome: &&Outcome| matches!(outcome, Outcome::Refused { .. });
    assert_eq!(folded.outcomes.iter().filter(refused).count(), 5_000 - 33);
    assert!(asked.rounds <= 6, "{} rounds", asked.rounds);
}

#[test]
fn returns_between_refused_orders_do_not_cost_a_round_each() {
    let traffic = vec!["A -3, A -2, A +1"; 1_500].join(", ");
    let case = Case::parse(&format!("A: 100 floor -100000\n{traffic}"));
    let (_, asked) = folded(&case, no_negative_stock);
    assert!(asked.rounds <= 10, "{} rounds", asked.rounds);
}

/// Every second order may not have the last five units, and says so by its quantity.
fn some_stop_earlier(event: &Event, question: Question) -> Combined {
    let left = question.seen.stock.saturating_add(event.kind.quantity());
    let kept_back = if event.kind.quantity() == -2 { 5 } else { 0 };
    match event.kind {
        Kind::Adjust(change) if change < 0 && left < kept_back => {
            decided(Decision::Reject(said(0)))
        }
        Kind::Adjust(_) | Kind::Count(_) => decided(Decision::Accept),
    }
}

#[test]
fn orders_that_stop_at_other_stocks_cost_few_rounds_if_they_can_be_told_apart() {
    let traffic = vec!["A -2, A -3, A +4"; 1_500].join(", ");
    let case = Case::parse(&format!("A: 100 floor -100000\n{traffic}"));
    let alike: Vec<u32> = [0, 1, 2].repeat(1_500);
    let (told_apart, few) = folded_alike(&case, &alike, some_stop_earlier);
    let (together, many) = folded(&case, some_stop_earlier);
    assert_eq!(told_apart.outcomes, together.outcomes);
    assert!(few.rounds <= 10, "{} rounds", few.rounds);
    assert!(few.rounds < many.rounds, "{} rounds", many.rounds);
}

#[test]
fn however_often_a_guess_is_wrong_the_questions_stay_a_multiple_of_the_events() {
    let traffic = vec!["A -7, A +5, A -2"; 1_500].join(", ");
    let case = Case::parse(&format!("A: 100 floor -100000\n{traffic}"));
    let (_, asked) = folded(&case, |event, question| {
        let refuse = matches!(event.kind, Kind::Adjust(change) if change < 0)
            && question.seen.version % 3 == 0;
        decided(if refuse {
            Decision::Reject(said(0))
        } else {
            Decision::Accept
        })
    });
    let events = case.events.len();
    assert!(asked.questions < 5 * events + 64 * asked.rounds);
}
