//! A combined answer depends on its event alone: not on the order of a batch, nor on how it is
//! cut. All events of a small world, in every cut and many orders.

use plimsoll_domain::{Combined, Nature};
use plimsoll_rule_host::ruleset::{Binding, Mode, OnFault};
use plimsoll_rule_host::{Facts, Rule, Ruleset};

use super::{enforced, in_mode, ruleset};
use crate::support::{GUILTY, answer, event, named};

/// Rules of every kind of answer, under every kind of binding.
fn everything() -> Ruleset {
    let rules = named(&[
        ("refuses", &answer(3, 0)),
        ("clamps", &answer(2, 5)),
        ("faults", "unreachable"),
        ("flags", &answer(1, 0)),
        ("parks", &answer(4, 0)),
    ]);
    let select = |rule: &Rule, mode, toml: &str| Binding {
        select: toml::from_str(toml).expect("a selector"),
        ..in_mode(rule, mode)
    };
    let half = Mode::Canary { percent: 50 };
    let mut bindings = vec![
        select(&rules[0], half, "channel = ['web']"),
        enforced(&rules[1]),
        select(&rules[2], half, "sku = ['?']"),
        select(&rules[3], Mode::Enforce, "sku = ['A', 'B*']"),
        in_mode(&rules[4], Mode::Shadow),
    ];
    bindings[2].on_fault = OnFault::Reject;
    bindings[3].priority = -1;
    ruleset(&rules, bindings)
}

fn events() -> Vec<Facts<'static>> {
    let mut events = Vec::new();
    for sku in ["A", "B", "C", "B-2", "D-4", "E"] {
        for channel in [Some("web"), None] {
            for nature in [Nature::Intent, Nature::Fact] {
                events.extend([GUILTY, -1].map(|change| Facts {
                    sku,
                    channel,
                    nature,
                    ..event(change)
                }));
            }
        }
    }
    events
}

/// Answers, questions with faults, and differences of shadows, asked in these cuts.
fn told(ruleset: &Ruleset, cuts: &[&[Facts<'_>]]) -> (Vec<Combined>, Vec<u32>, u64) {
    let mut judge = ruleset.judge();
    let mut answers = Vec::new();
    for cut in cuts {
        answers.extend(judge.ask(cut).expect("asked"));
    }
    let used: Vec<_> = (0..).take(answers.len()).collect();
    let report = judge.report(&used);
    let mut faults: Vec<_> = report.faults.iter().map(|told| told.question).collect();
    faults.sort_unstable();
    let differences = report
        .shadow_differences
        .iter()
        .map(|(_, count)| count)
        .sum();
    (answers, faults, differences)
}

#[test]
fn a_batch_cut_anywhere_gets_the_same_answers() {
    let (ruleset, events) = (everything(), events());
    let whole = told(&ruleset, &[&events]);
    assert!(!whole.1.is_empty() && whole.2 > 0, "the world is too small");
    for at in 0..=events.len() {
        let (before, after) = events.split_at(at);
        assert_eq!(told(&ruleset, &[before, after]), whole, "cut at {at}");
    }
    let each: Vec<_> = events.chunks(1).collect();
    assert_eq!(told(&ruleset, &each), whole);
}

#[test]
fn a_batch_in_another_order_gets_the_same_answers() {
    let (ruleset, events) = (everything(), events());
    let (answers, faults, differences) = told(&ruleset, &[&events]);
    let count = events.len();
    // Each step that shares no factor with 48 visits every event once.
    for step in [5, 7, 11, 13, 17, 19, 23, 47] {
        let order: Vec<_> = (0..count).map(|n| (n * step + step) % count).collect();
        let permuted: Vec<_> = order.iter().map(|&at| events[at]).collect();
        let (again, faults_again, differences_again) = told(&ruleset, &[&permuted]);
        for (n, &at) in order.iter().enumerate() {
            assert_eq!(again[n], answers[at], "event {at} in steps of {step}");
        }
        let mut back: Vec<_> = faults_again
            .iter()
            .map(|&n| u32::try_from(order[n as usize]).expect("few"))
            .collect();
        back.sort_unstable();
        assert_eq!(back, faults);
        assert_eq!(differences_again, differences);
    }
}
