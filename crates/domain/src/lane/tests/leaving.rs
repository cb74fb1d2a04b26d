//! Partitions that leave: in each state of the lane, and before each answer.

use expect_test::expect;

use super::check;
use super::script::performed;

#[test]
fn a_partition_without_work_is_let_go_at_once() {
    check(
        "revoked 0 1
         took 2:3
         revoked 0
         answered transient
         revoked 1
         waited",
        expect![[r#"
            revoked 0 1 -> let go 0 1
            took 2:3 -> apply 2:0..3
            revoked 0 -> let go 0
            answered transient -> wait 25ms
            revoked 1 -> let go 1
            waited -> apply 2:0..3
        "#]],
    );
}

#[test]
fn a_partition_revoked_while_its_transaction_runs_is_let_go_after_the_answer() {
    check(
        "took 0:3 1:2
         revoked 0 5
         revoked 1
         answered committed",
        expect![[r#"
            took 0:3 1:2 -> apply 0:0..3 1:0..2
            revoked 0 5 -> let go 5
            revoked 1 -> nothing
            answered committed -> settle 0:0..3 1:0..2; let go 0 1; free
        "#]],
    );
}

/// Whatever the answer is.
#[test]
fn a_partition_revoked_while_its_transaction_runs_is_not_applied_again() {
    let answers = [
        "conflict",
        "duplicates",
        "turned",
        "transient",
        "lost 1",
        "ahead 1",
        "refused 22003",
    ];
    let answered = |took: &str| {
        let lives = answers.map(|answer| format!("{took}\nrevoked 0\nanswered {answer}"));
        let ends = lives.map(|life| {
            performed(&life)
                .lines()
                .last()
                .map(|line| format!("{line}\n"))
        });
        ends.map(|end| end.expect("an answer")).concat()
    };
    expect![[r#"
        answered conflict -> let go 0; apply 1:0..2 2:0..1
        answered duplicates -> let go 0; apply 1:0..2 2:0..1, look up all
        answered turned -> let go 0; wait 25ms
        answered transient -> let go 0; wait 25ms
        answered lost 1 -> lost 1; let go 0; apply 2:0..1
        answered ahead 1 -> halt 1: ahead; let go 0; apply 2:0..1
        answered refused 22003 -> let go 0; apply 1:0..2
    "#]]
    .assert_eq(&answered("took 0:3 1:2 2:1"));
    expect![[r#"
        answered conflict -> let go 0; free
        answered duplicates -> let go 0; free
        answered turned -> let go 0; free
        answered transient -> let go 0; free
        answered lost 1 -> lost 1; let go 0; free
        answered ahead 1 -> halt 1: ahead; let go 0; free
        answered refused 22003 -> let go 0; free
    "#]]
    .assert_eq(&answered("took 0:3"));
}

/// It did not fail alone: the record that was refused may have left with the other partition.
#[test]
fn a_partition_whose_company_left_is_tried_alone_before_it_halts() {
    check(
        "took 0:1 1:1
         revoked 1
         answered refused 22003
         answered committed",
        expect![[r#"
            took 0:1 1:1 -> apply 0:0..1 1:0..1
            revoked 1 -> nothing
            answered refused 22003 -> let go 1; apply 0:0..1
            answered committed -> settle 0:0..1; free
        "#]],
    );
    check(
        "took 0:4 1:1
         revoked 1
         answered refused 22003
         answered refused 22003",
        expect![[r#"
            took 0:4 1:1 -> apply 0:0..4 1:0..1
            revoked 1 -> nothing
            answered refused 22003 -> let go 1; apply 0:0..4
            answered refused 22003 -> apply 0:0..2
        "#]],
    );
}

#[test]
fn a_partition_revoked_between_pieces_takes_its_other_pieces_with_it() {
    check(
        "took 0:4 1:4
         answered refused 22003
         revoked 1
         answered refused 22003
         revoked 0
         answered committed",
        expect![[r#"
            took 0:4 1:4 -> apply 0:0..4 1:0..4
            answered refused 22003 -> apply 0:0..4
            revoked 1 -> let go 1
            answered refused 22003 -> apply 0:0..2
            revoked 0 -> nothing
            answered committed -> settle 0:0..2; let go 0; free
        "#]],
    );
}

#[test]
fn a_partition_revoked_during_a_wait_is_let_go_at_once() {
    check(
        "took 0:3 1:2
         answered transient
         revoked 0
         waited
         answered transient
         revoked 1
         waited",
        expect![[r#"
            took 0:3 1:2 -> apply 0:0..3 1:0..2
            answered transient -> wait 25ms
            revoked 0 -> let go 0
            waited -> apply 1:0..2
            answered transient -> wait 50ms
            revoked 1 -> let go 1
            waited -> free
        "#]],
    );
}

#[test]
fn a_partition_lost_and_revoked_at_once_leaves_once_for_each() {
    check(
        "took 0:3 1:2
         revoked 0
         answered lost 0
         answered committed",
        expect![[r#"
            took 0:3 1:2 -> apply 0:0..3 1:0..2
            revoked 0 -> nothing
            answered lost 0 -> lost 0; let go 0; apply 1:0..2
            answered committed -> settle 1:0..2; free
        "#]],
    );
}
