//! A verdict depends on its event alone: not on the batch it came in, nor on its place there.

use plimsoll_rule_host::{Fault, Rule, Verdict};

use crate::support::{GUILTY, answer, event, rule};

/// Verdicts of a batch that repeats changes from -1 to -19, beginning at `first`.
fn verdicts(rule: &Rule, first: usize, rows: usize) -> Vec<Result<Verdict, Fault>> {
    let changes = (first..first + rows).map(|n| -1 - i64::try_from(n % 19).expect("small"));
    let batch: Vec<_> = changes.map(event).collect();
    rule.evaluate(&batch, &[5]).expect("asked").answers
}

#[test]
fn a_batch_of_any_size_gets_the_same_verdicts() {
    let rule = rule(&answer(2, 7));
    let whole = verdicts(&rule, 0, 2500);
    for size in [1, 7, 256, 1024, 1025] {
        let mut parts = Vec::new();
        while parts.len() < whole.len() {
            let rows = size.min(whole.len() - parts.len());
            parts.extend(verdicts(&rule, parts.len(), rows));
        }
        assert_eq!(parts, whole, "in batches of {size}");
    }
    assert!(whole.contains(&Ok(Verdict::Clamp(7))) && whole.contains(&Ok(Verdict::Accept)));
}

#[test]
fn an_empty_batch_needs_no_answer() {
    let evaluation = rule("unreachable").evaluate(&[], &[5]).expect("asked");
    assert!(evaluation.answers.is_empty());
    assert_eq!(evaluation.fuel, 0);
}

#[test]
fn rules_are_asked_from_many_threads_at_once() {
    let rule = rule(&answer(3, 0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..200 {
                    let batch = [event(-1), event(GUILTY)];
                    let answers = rule.evaluate(&batch, &[5]).expect("asked").answers;
                    assert_eq!(answers, [Ok(Verdict::Accept), Ok(Verdict::Reject(0))]);
                }
            });
        }
    });
}
