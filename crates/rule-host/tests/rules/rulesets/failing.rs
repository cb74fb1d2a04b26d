//! Bad rules at work: what becomes of their event, who is named, and that nobody else pays.

use plimsoll_domain::{Kind, Nature};
use plimsoll_rule_host::ruleset::{Mode, OnFault};
use plimsoll_rule_host::{Facts, FaultKind, Rule};
use plimsoll_telemetry::Metrics;

use super::{asked, enforced, in_mode, ruleset, written};
use crate::hostile::{hostile, slow};
use crate::support::{GUILTY, event, named};

/// An innocent intent, a guilty intent and a guilty fact, beside a rule that behaves.
fn suffers(bad: &Rule, on_fault: OnFault, kind: FaultKind) -> [String; 3] {
    let rules = [bad.clone(), named(&[("good", "")]).remove(0)];
    let mut bindings: Vec<_> = rules.iter().map(enforced).collect();
    bindings[0].on_fault = on_fault;
    let ruleset = ruleset(&rules, bindings);
    let fact = Facts {
        nature: Nature::Fact,
        kind: Kind::Adjust(GUILTY),
        ..event(0)
    };
    let (answers, report) = asked(&ruleset, &[event(-1), event(GUILTY), fact]);
    let told: Vec<_> = report
        .faults
        .iter()
        .map(|told| (told.question, told.fault.kind))
        .collect();
    assert_eq!(told, [(1, kind), (2, kind)]);
    let message = report.faults[0].message();
    let digest = bad.bundle().digest().to_string();
    assert!(
        message.contains(&digest) && message.contains(kind.name()),
        "{message}"
    );
    [0, 1, 2].map(|row| written(&ruleset, &answers[row]))
}

#[test]
fn a_fault_parks_or_refuses_its_own_event_and_no_other() {
    let hostile = hostile().into_iter().map(|(misbehave, kind, _)| {
        let rule = named(&[("bad", &misbehave)]).remove(0);
        (misbehave, rule, "bad", kind)
    });
    let slow = ("slow".to_owned(), slow(), "fixture", FaultKind::Deadline);
    for (misbehave, rule, name, kind) in hostile.chain([slow]) {
        let park = format!("park {name}:rule_fault");
        assert_eq!(
            suffers(&rule, OnFault::Park, kind),
            ["accept", &park, &park],
            "{misbehave}"
        );
        let reject = format!("reject {name}:rule_fault");
        assert_eq!(
            suffers(&rule, OnFault::Reject, kind),
            ["accept", &reject, &park],
            "{misbehave}"
        );
    }
}

#[test]
fn a_shadow_at_fault_harms_no_event_and_is_told_all_the_same() {
    let rules = named(&[("bad", "unreachable")]);
    let ruleset = ruleset(&rules, vec![in_mode(&rules[0], Mode::Shadow)]);
    let (answers, report) = asked(&ruleset, &[event(GUILTY)]);
    assert_eq!(written(&ruleset, &answers[0]), "accept");
    assert!(!report.faults[0].enforced);
    assert_eq!(report.shadow_differences, [("bad".into(), 1)]);
}

#[test]
fn only_questions_whose_answers_were_used_count() {
    let rules = named(&[
        ("bad", "unreachable"),
        ("shadow", &crate::support::answer(3, 0)),
    ]);
    let ruleset = ruleset(
        &rules,
        vec![enforced(&rules[0]), in_mode(&rules[1], Mode::Shadow)],
    );
    for (used, faults) in [
        (vec![], vec![]),
        (vec![0, 3], vec![3]),
        (vec![1, 4, 3], vec![1, 3, 4]),
    ] {
        let mut judge = ruleset.judge();
        judge
            .ask(&[event(-1), event(GUILTY), event(-1)])
            .expect("asked");
        judge.ask(&[event(GUILTY), event(GUILTY)]).expect("asked");
        let report = judge.report(&used);
        let told: Vec<_> = report.faults.iter().map(|told| told.question).collect();
        assert_eq!(told, faults);
        assert_eq!(
            report.spent[0].questions, 5,
            "what was spent counts all the same"
        );
        assert_eq!(
            report.shadow_differences.len(),
            0,
            "a fault that parks wins anyway"
        );
    }
}

#[test]
fn a_report_is_shown_under_the_names_of_bundles_alone() {
    let rules = named(&[
        ("bad", "unreachable"),
        ("shadow", &crate::support::answer(4, 0)),
    ]);
    let mut bindings = vec![enforced(&rules[0]), in_mode(&rules[1], Mode::Shadow)];
    bindings[1].priority = -1;
    let ruleset = ruleset(&rules, bindings);
    let metrics = Metrics::new();
    for n in 0..50 {
        let sku = format!("SECRET-{n}");
        let (_, report) = asked(
            &ruleset,
            &[Facts {
                sku: &sku,
                ..event(GUILTY)
            }],
        );
        report.count(&metrics);
    }
    let text = metrics.text();
    for line in [
        r#"plimsoll_rule_faults_total{bundle="bad",kind="trap"} 50"#,
        r#"plimsoll_shadow_differences_total{bundle="shadow"} 50"#,
        r#"plimsoll_rule_duration_seconds_count{bundle="bad"} 50"#,
        r#"plimsoll_rule_fuel_count{bundle="shadow"} 50"#,
    ] {
        assert!(text.contains(line), "{line} is missing in {text}");
    }
    assert!(!text.contains("SECRET"));
}
