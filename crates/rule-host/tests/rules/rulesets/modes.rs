//! Off, shadow, canary, enforce; and in which order what they say is shown.

use plimsoll_domain::{Code, Said};
use plimsoll_rule_host::ruleset::Mode;
use plimsoll_rule_host::{Facts, Ruleset};

use super::{asked, enforced, in_mode, ruleset, written};
use crate::support::{GUILTY, answer, event, named};

#[test]
fn a_mode_says_whether_an_answer_counts() {
    let rules = named(&[("refuses", &answer(3, 0))]);
    for (mode, decision, differences, questions) in [
        (Mode::Off, "accept", 0, 0),
        (Mode::Shadow, "accept", 1, 1),
        (Mode::Canary { percent: 0 }, "accept", 1, 1),
        (
            Mode::Canary { percent: 100 },
            "reject refuses:refused",
            0,
            1,
        ),
        (Mode::Enforce, "reject refuses:refused", 0, 1),
    ] {
        let ruleset = ruleset(&rules, vec![in_mode(&rules[0], mode)]);
        let (answers, report) = asked(&ruleset, &[event(GUILTY)]);
        assert_eq!(written(&ruleset, &answers[0]), decision, "{mode}");
        let counted: u64 = report
            .shadow_differences
            .iter()
            .map(|(_, count)| count)
            .sum();
        assert_eq!(counted, differences, "{mode}");
        let put: u64 = report.spent.iter().map(|spent| spent.questions).sum();
        assert_eq!(put, questions, "{mode}");
        assert_eq!(ruleset.is_silent(), mode == Mode::Off);
    }
}

#[test]
fn a_canary_decides_for_some_skus_and_is_compared_for_the_others() {
    let rules = named(&[("refuses", &answer(3, 0))]);
    let ruleset = ruleset(
        &rules,
        vec![in_mode(&rules[0], Mode::Canary { percent: 30 })],
    );
    let skus: Vec<_> = (0..1_000).map(|n| format!("SKU-{n}")).collect();
    let rows: Vec<_> = skus
        .iter()
        .map(|sku| Facts {
            sku,
            ..event(GUILTY)
        })
        .collect();
    let (answers, report) = asked(&ruleset, &rows);
    let refused = answers
        .iter()
        .filter(|answer| written(&ruleset, answer) != "accept");
    let refused = refused.count() as u64;
    assert!((250..350).contains(&refused), "{refused}");
    assert_eq!(
        report.shadow_differences,
        [("refuses".into(), 1_000 - refused)]
    );
}

#[test]
fn a_shadow_differs_only_where_it_would_change_the_answer() {
    let rules = named(&[
        ("refuses", &answer(3, 0)),
        ("also", &answer(3, 0)),
        ("takes-all", &answer(2, 13)),
        ("parks", &answer(4, 0)),
        ("accepts", ""),
    ]);
    for (shadow, first, differences) in [
        (1, false, 0),
        // The same decision, but another rule is shown.
        (1, true, 1),
        (2, false, 0),
        (3, false, 1),
        (4, false, 0),
    ] {
        let mut bindings = vec![enforced(&rules[0]), in_mode(&rules[shadow], Mode::Shadow)];
        bindings[1].priority = if first { -1 } else { 0 };
        let ruleset = ruleset(&rules, bindings);
        let (answers, report) = asked(&ruleset, &[event(GUILTY), event(-1)]);
        assert_eq!(written(&ruleset, &answers[0]), "reject refuses:refused");
        let counted: u64 = report
            .shadow_differences
            .iter()
            .map(|(_, count)| count)
            .sum();
        assert_eq!(
            counted,
            differences,
            "{}",
            rules[shadow].bundle().manifest().name
        );
    }
}

#[test]
fn what_is_said_names_a_place_in_the_order_of_priority() {
    let rules = named(&[
        ("a", &answer(1, 0)),
        ("b", &answer(1, 0)),
        ("c", &answer(1, 0)),
        ("d", ""),
    ]);
    let mut bindings: Vec<_> = rules.iter().map(enforced).collect();
    for (binding, priority) in bindings.iter_mut().zip([5, -1, 5, 0]) {
        binding.priority = priority;
    }
    bindings[3].mode = Mode::Off;
    let ruleset = ruleset(&rules, bindings);
    let (answers, _) = asked(&ruleset, &[event(GUILTY)]);
    assert_eq!(
        written(&ruleset, &answers[0]),
        "accept +b:refused +a:refused +c:refused"
    );
    let places: Vec<_> = answers[0].flags.iter().map(|said| said.rule).collect();
    assert_eq!(places, [0, 2, 3], "what is off keeps its place");
    let said = |code| Said { rule: 2, code };
    assert_eq!(ruleset.message(said(Code::Own(0))), "It is refused.");
    assert_eq!(ruleset.code(said(Code::Clamped)), "clamped");
    assert_eq!(ruleset.code(said(Code::Fault)), "rule_fault");
}

#[test]
fn no_ruleset_asks_nobody_and_accepts_everything() {
    let none = Ruleset::none();
    assert!(none.is_silent());
    assert_eq!(none.revision(), 0);
    let (answers, report) = asked(&none, &[event(GUILTY), event(-1)]);
    assert!(
        answers
            .iter()
            .all(|answer| written(&none, answer) == "accept")
    );
    assert!(report.spent.is_empty() && report.faults.is_empty());
}
