//! Rules that misbehave while they are asked: each kind of fault is told apart, and only the
//! guilty event pays for it.

use plimsoll_rule_host::bundle::Budget;
use plimsoll_rule_host::{Fault, FaultKind, Verdict};

use crate::hostile::{hostile, slow};
use crate::support::{GUILTY, answer, engine, event, rule, rule_of};

/// What a guest answers that misbehaves like this for one event.
fn fault(misbehave: &str) -> Fault {
    let evaluation = rule(misbehave)
        .evaluate(&[event(GUILTY)], &[5])
        .expect("asked");
    evaluation.answers[0].clone().expect_err("it misbehaves")
}

#[test]
fn every_kind_of_fault_is_told_apart() {
    for (misbehave, kind, detail) in hostile() {
        let fault = fault(&misbehave);
        assert_eq!(fault.kind, kind, "{misbehave}: {fault}");
        assert!(fault.detail.contains(detail), "{misbehave}: {fault}");
    }
}

#[test]
fn what_fuel_does_not_stop_the_clock_does() {
    let rule = slow();
    let batch = [event(-1), event(GUILTY)];
    let answers = rule.evaluate(&batch, &[5]).expect("asked").answers;
    assert_eq!(answers[0], Ok(Verdict::Accept));
    assert_eq!(
        answers[1].as_ref().expect_err("late").kind,
        FaultKind::Deadline
    );
}

#[test]
fn what_the_manifest_allows_is_no_fault() {
    for (row, verdict) in [
        (answer(0, 0), Verdict::Accept),
        (answer(1, 0), Verdict::Flag(0)),
        (answer(2, 13), Verdict::Clamp(13)),
        (answer(3, 0), Verdict::Reject(0)),
        (answer(4, 0), Verdict::Park(0)),
    ] {
        let evaluation = rule(&row).evaluate(&[event(GUILTY)], &[5]).expect("asked");
        assert_eq!(evaluation.answers, [Ok(verdict)]);
    }
}

#[test]
fn only_the_guilty_events_of_a_batch_pay() {
    for misbehave in [
        "unreachable",
        "(loop $l (br $l))",
        "(local.set $length (i32.const 1))",
    ] {
        let rule = rule(misbehave);
        let guilty = [0, 77, 1023, 1024, 2999];
        let mut batch = vec![event(-1); 3000];
        for row in guilty {
            batch[row] = event(GUILTY);
        }
        let answers = rule.evaluate(&batch, &[5]).expect("asked").answers;
        let found: Vec<_> = (0..batch.len())
            .filter(|&row| answers[row].is_err())
            .collect();
        assert_eq!(found, guilty, "{misbehave}");
        assert_eq!(answers.len(), batch.len());
    }
}

#[test]
fn only_the_guilty_events_of_a_dear_rule_pay_and_are_found_cheaply() {
    let budget = Budget {
        fuel_per_event: 100_000,
        ..Budget::default()
    };
    let rule = rule_of(&engine(), "(loop $l (br $l))", budget);
    let guilty = [0, 77, 1023, 1024, 2999];
    let mut batch = vec![event(-1); 3000];
    for row in guilty {
        batch[row] = event(GUILTY);
    }
    let evaluation = rule.evaluate(&batch, &[5]).expect("asked");
    let answers = evaluation.answers;
    let found: Vec<_> = (0..batch.len())
        .filter(|&row| answers[row].is_err())
        .collect();
    assert_eq!(found, guilty);
    // In calls of 1,024 rows it would be about 700,000,000.
    assert!(evaluation.fuel < 300_000_000, "{} fuel", evaluation.fuel);
}

#[test]
fn a_rule_at_fault_everywhere_is_not_asked_for_ever() {
    let budget = Budget {
        fuel_base: 10_000_000,
        fuel_per_event: 100_000,
    };
    let rule = rule_of(&engine(), "(loop $l (br $l))", budget);
    let batch = vec![event(GUILTY); 5 * 1024];
    let evaluation = rule.evaluate(&batch, &[5]).expect("asked");
    assert!(evaluation.answers.iter().all(Result::is_err));
    // All 10,214 calls would take 100 times as much, and a minute.
    assert!(evaluation.fuel < 5_000_000_000, "{} fuel", evaluation.fuel);
}

#[test]
fn many_guilty_events_of_a_batch_do_not_drag_others_in() {
    let rule = rule("unreachable");
    for step in [21, 50, 101, 333] {
        let mut batch = vec![event(-1); 2048];
        for row in (0..batch.len()).step_by(step) {
            batch[row] = event(GUILTY);
        }
        let answers = rule.evaluate(&batch, &[5]).expect("asked").answers;
        let guilty = |row: usize| row.is_multiple_of(step);
        assert!(
            (0..batch.len()).all(|row| answers[row].is_err() == guilty(row)),
            "{step}"
        );
    }
}

#[test]
fn a_call_leaves_nothing_behind() {
    // The guest counts its guilty events in a global and refuses from the second on.
    let rule = rule(
        "(global.set $next (i32.add (global.get $next) (i32.const 1)))
         (if (i32.gt_u (global.get $next) (i32.const 1100)) (then unreachable))",
    );
    for _ in 0..1000 {
        let evaluation = rule.evaluate(&[event(GUILTY)], &[5]).expect("asked");
        assert_eq!(evaluation.answers, [Ok(Verdict::Accept)]);
    }
}

#[test]
fn the_same_question_costs_the_same_fuel() {
    let rule = rule("");
    let batch = vec![event(-1); 100];
    let first = rule.evaluate(&batch, &[5]).expect("asked").fuel;
    assert!(first > 100, "fuel is counted");
    assert_eq!(rule.evaluate(&batch, &[5]).expect("asked").fuel, first);
}
