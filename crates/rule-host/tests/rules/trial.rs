//! What an author is told about a rule that cannot be relied on.

use plimsoll_rule_host::Bundle;
use plimsoll_rule_host::author::trial::{self, Trial};
use plimsoll_rule_host::bundle::Cases;

use crate::hostile::busy;
use crate::support::{accepts, answer, component, engine, manifest, module};

/// Expects that each of these changes is accepted.
fn tried(misbehave: &str, changes: &[i64]) -> Trial {
    let cases = changes.iter().flat_map(|change| accepts(*change).case);
    let cases = Cases {
        case: cases.collect(),
    };
    let bundle = Bundle::pack(&manifest(), component(&module(misbehave)), &cases);
    let bundle = bundle.expect("the fixture is a bundle");
    trial::run(&engine(), &bundle, 1).expect("it can be tried")
}

fn findings(trial: &Trial) -> Vec<bool> {
    trial.checks.iter().map(|it| it.finding.is_some()).collect()
}

#[test]
fn a_rule_that_only_looks_at_its_event_passes() {
    let trial = tried("", &[1, 2]);
    assert!(trial.passed(), "{trial:?}");
    assert_eq!(trial.checks.len(), 2 + 4);
    assert_eq!(trial.unshown, ["refused"]);
}

#[test]
fn every_case_is_tried_after_one_that_fails() {
    let refusing = answer(3, 0);
    let trial = tried(&refusing, &[-13, 1, -13]);
    assert_eq!(
        findings(&trial),
        [true, false, true, false, false, false, false]
    );
    let finding = trial.checks[0].finding.as_deref();
    assert!(
        finding.is_some_and(|it| it.contains("refused")),
        "{trial:?}"
    );
}

#[test]
fn cases_that_burn_too_much_together_are_a_finding() {
    let trial = trial::run(&engine(), &busy(2_300), 1).expect("it can be tried");
    let findings = findings(&trial);
    assert!(!findings[0] && findings[2_299]);
}

#[test]
fn a_fault_on_a_plausible_event_is_a_finding() {
    let trial = tried("unreachable", &[1]);
    assert_eq!(findings(&trial), [false, true, false, false, false]);
    let finding = trial.checks[1].finding.as_deref();
    assert!(
        finding.is_some_and(|it| it.starts_with("trap: ") && it.contains("Adjust(-13)")),
        "{trial:?}"
    );
}

#[test]
fn a_rule_that_looks_at_other_rows_is_found_out() {
    // Refuses a guilty event if it stands in an odd row.
    let odd = format!(
        "(if (i32.and (local.get $row) (i32.const 1)) (then {}))",
        answer(3, 0)
    );
    let trial = tried(&odd, &[1]);
    assert_eq!(findings(&trial), [false, false, false, true, true]);
}

#[test]
fn the_same_seed_makes_the_same_trial() {
    let finding = |seed| {
        let bundle = Bundle::pack(&manifest(), component(&module("unreachable")), &accepts(1));
        let bundle = bundle.expect("the fixture is a bundle");
        let trial = trial::run(&engine(), &bundle, seed).expect("it can be tried");
        trial.checks[1].finding.clone()
    };
    assert_eq!(finding(7), finding(7));
    assert_ne!(finding(7), finding(8));
}
