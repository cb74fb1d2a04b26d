//! What stored positions say about an attempt, as a truth table.

use expect_test::{Expect, expect};

use super::*;

const OURS: u128 = 1;
const THEIRS: u128 = 2;

/// One line for each case: what is stored, the answer if COMMIT was not sent, and if it was.
///
/// The attempt wanted to move every partition from 10 to 15. `-` is a partition without a row,
/// `*` marks another claim.
fn check(cases: &[&str], expect: Expect) {
    expect.assert_eq(
        &cases
            .iter()
            .map(|case| answers(case, 15))
            .collect::<String>(),
    );
}

fn answers(case: &str, to: i64) -> String {
    let rows = || (0..).zip(case.split(' '));
    let sought: Vec<Sought> = rows()
        .map(|(partition, _)| Sought {
            partition,
            claim: OURS,
            from: 10,
            to,
        })
        .collect();
    let stored: Vec<PositionRow> = rows()
        .filter_map(|(partition, row)| position(partition, row))
        .collect();
    let answer = |commit_sent| format!("{:?}", answer_of_positions(&sought, &stored, commit_sent));
    format!("{case:<10} {:<14} {}\n", answer(false), answer(true))
}

fn position(partition: i32, row: &str) -> Option<PositionRow> {
    let offset = row.trim_end_matches('*');
    let claim = if offset == row { OURS } else { THEIRS };
    let next_offset = offset.parse().ok()?;
    Some(PositionRow {
        partition,
        claim,
        next_offset,
    })
}

#[test]
fn a_lost_commit_answer_is_settled_by_the_position() {
    check(
        &["10", "15", "9", "12", "16", "10*", "15*", "-"],
        expect![[r#"
            10         Transient      Transient
            15         Ahead(0)       Committed
            9          Lost([0])      Lost([0])
            12         Ahead(0)       Ahead(0)
            16         Ahead(0)       Ahead(0)
            10*        Lost([0])      Lost([0])
            15*        Lost([0])      Lost([0])
            -          Lost([0])      Lost([0])
        "#]],
    );
}

/// One transaction moved them together, so one that is ours and moved speaks for all.
#[test]
fn one_moved_position_says_that_the_whole_transaction_is_committed() {
    check(
        &[
            "15 15", "15 15*", "15 20*", "15 -", "10* 15", "9 15", "16 15",
        ],
        expect![[r#"
            15 15      Ahead(0)       Committed
            15 15*     Lost([1])      Committed
            15 20*     Lost([1])      Committed
            15 -       Lost([1])      Committed
            10* 15     Lost([0])      Committed
            9 15       Lost([0])      Committed
            16 15      Ahead(0)       Committed
        "#]],
    );
}

#[test]
fn every_lost_partition_is_named_and_lost_comes_before_ahead() {
    check(
        &[
            "10 10", "10* 10", "10* 9 -", "10* 16", "12 9", "16 10", "10 16 17",
        ],
        expect![[r#"
            10 10      Transient      Transient
            10* 10     Lost([0])      Lost([0])
            10* 9 -    Lost([0, 1, 2]) Lost([0, 1, 2])
            10* 16     Lost([0])      Lost([0])
            12 9       Lost([1])      Lost([1])
            16 10      Ahead(0)       Ahead(0)
            10 16 17   Ahead(1)       Ahead(1)
        "#]],
    );
}

/// A lane that only compares its positions moves nothing.
#[test]
fn a_position_that_was_not_to_move_is_never_taken_for_a_commit() {
    let cases = ["10", "9", "11", "10*"];
    let table: String = cases.iter().map(|case| answers(case, 10)).collect();
    expect![[r#"
        10         Transient      Transient
        9          Lost([0])      Lost([0])
        11         Ahead(0)       Ahead(0)
        10*        Lost([0])      Lost([0])
    "#]]
    .assert_eq(&table);
}

#[test]
fn a_transaction_without_positions_is_always_tried_again() {
    for commit_sent in [false, true] {
        assert_eq!(
            answer_of_positions(&[], &[], commit_sent),
            Answer::Transient
        );
    }
}

#[test]
fn a_row_of_another_partition_says_nothing() {
    let sought = [Sought {
        partition: 0,
        claim: OURS,
        from: 10,
        to: 15,
    }];
    let stored = [PositionRow {
        partition: 1,
        claim: OURS,
        next_offset: 15,
    }];
    assert_eq!(
        answer_of_positions(&sought, &stored, true),
        Answer::Lost(vec![0])
    );
}
