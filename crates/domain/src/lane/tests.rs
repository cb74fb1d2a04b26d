//! What a lane does about each answer, in the order of `Answer`, and about partitions that
//! leave in each of its states. The notation of the scripts is told in `script`.

mod script;
mod walk;

use expect_test::{Expect, expect};

use self::script::performed;

fn check(script: &str, expect: Expect) {
    expect.assert_eq(&performed(script));
}

#[test]
fn a_committed_batch_settles_and_frees_the_lane() {
    check(
        "took 0:3 1:2
         answered committed
         took 0:3..4 1:2..2
         answered committed",
        expect![[r#"
            took 0:3 1:2 -> apply 0:0..3 1:0..2
            answered committed -> settle 0:0..3 1:0..2; free
            took 0:3..4 1:2..2 -> apply 0:3..4 1:2..2
            answered committed -> settle 0:3..4 1:2..2; free
        "#]],
    );
}

#[test]
fn the_fourth_try_after_conflicts_locks_its_rows_first() {
    check(
        "took 0:3
         answered conflict
         answered conflict
         answered conflict
         answered conflict
         answered committed
         took 0:3..6",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            answered conflict -> apply 0:0..3
            answered conflict -> apply 0:0..3
            answered conflict -> apply 0:0..3, locked
            answered conflict -> apply 0:0..3, locked
            answered committed -> settle 0:0..3; free
            took 0:3..6 -> apply 0:3..6
        "#]],
    );
}

#[test]
fn an_unforeseen_duplicate_makes_the_next_try_look_up_all() {
    check(
        "took 0:3
         answered duplicates
         answered committed
         took 0:3..6",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            answered duplicates -> apply 0:0..3, look up all
            answered committed -> settle 0:0..3; free
            took 0:3..6 -> apply 0:3..6
        "#]],
    );
}

/// What no look-up finds is older than the window: a new part forgets it.
#[test]
fn a_duplicate_that_no_look_up_finds_turns_the_part() {
    check(
        "took 0:3
         answered duplicates
         answered duplicates
         answered committed",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            answered duplicates -> apply 0:0..3, look up all
            answered duplicates -> turn part; apply 0:0..3, look up all
            answered committed -> settle 0:0..3; free
        "#]],
    );
}

#[test]
fn a_part_that_turned_is_only_a_reason_to_try_again() {
    check(
        "took 0:3
         answered turned
         answered committed",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            answered turned -> apply 0:0..3
            answered committed -> settle 0:0..3; free
        "#]],
    );
}

#[test]
fn what_a_try_learnt_stays_with_its_batch_through_other_answers() {
    check(
        "took 0:3
         answered conflict
         answered duplicates
         answered conflict
         answered transient
         waited
         answered conflict
         answered turned
         answered committed",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            answered conflict -> apply 0:0..3
            answered duplicates -> apply 0:0..3, look up all
            answered conflict -> apply 0:0..3, look up all
            answered transient -> wait 25ms
            waited -> apply 0:0..3, look up all
            answered conflict -> apply 0:0..3, locked, look up all
            answered turned -> apply 0:0..3, locked, look up all
            answered committed -> settle 0:0..3; free
        "#]],
    );
}

#[test]
fn waits_double_up_to_the_longest_and_start_anew_with_each_batch() {
    check(
        "took 0:3
         answered transient
         waited
         answered transient
         waited
         answered transient
         waited
         answered transient
         waited
         answered transient
         waited
         answered transient
         waited
         answered transient
         waited
         answered transient
         waited
         answered transient
         waited
         answered committed
         took 0:3..6
         answered transient",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            answered transient -> wait 25ms
            waited -> apply 0:0..3
            answered transient -> wait 50ms
            waited -> apply 0:0..3
            answered transient -> wait 100ms
            waited -> apply 0:0..3
            answered transient -> wait 200ms
            waited -> apply 0:0..3
            answered transient -> wait 400ms
            waited -> apply 0:0..3
            answered transient -> wait 800ms
            waited -> apply 0:0..3
            answered transient -> wait 1.6s
            waited -> apply 0:0..3
            answered transient -> wait 3s
            waited -> apply 0:0..3
            answered transient -> wait 3s
            waited -> apply 0:0..3
            answered committed -> settle 0:0..3; free
            took 0:3..6 -> apply 0:3..6
            answered transient -> wait 25ms
        "#]],
    );
}

#[test]
fn lost_partitions_leave_and_the_rest_goes_on() {
    check(
        "took 0:3 1:2 2:1
         answered lost 0 2
         answered committed",
        expect![[r#"
            took 0:3 1:2 2:1 -> apply 0:0..3 1:0..2 2:0..1
            answered lost 0 2 -> lost 0 2; apply 1:0..2
            answered committed -> settle 1:0..2; free
        "#]],
    );
    check(
        "took 0:3 1:2
         answered lost 0 1",
        expect![[r#"
            took 0:3 1:2 -> apply 0:0..3 1:0..2
            answered lost 0 1 -> lost 0 1; free
        "#]],
    );
}

#[test]
fn a_partition_whose_position_is_ahead_halts_and_the_rest_goes_on() {
    check(
        "took 0:3 1:2
         answered ahead 0
         answered committed",
        expect![[r#"
            took 0:3 1:2 -> apply 0:0..3 1:0..2
            answered ahead 0 -> halt 0: ahead; apply 1:0..2
            answered committed -> settle 1:0..2; free
        "#]],
    );
    check(
        "took 0:3
         answered ahead 0",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            answered ahead 0 -> halt 0: ahead; free
        "#]],
    );
}

/// Record 2 of partition 1 is the guilty one.
#[test]
fn a_refused_batch_is_cut_down_to_the_one_record_that_halts_its_partition() {
    check(
        "took 0:3 1:5 2:1
         answered refused 23514
         answered committed
         answered refused 23514
         answered committed
         answered refused 23514
         answered refused 23514
         answered committed",
        expect![[r#"
            took 0:3 1:5 2:1 -> apply 0:0..3 1:0..5 2:0..1
            answered refused 23514 -> apply 0:0..3
            answered committed -> settle 0:0..3; apply 1:0..5
            answered refused 23514 -> apply 1:0..2
            answered committed -> settle 1:0..2; apply 1:2..5
            answered refused 23514 -> apply 1:2..3
            answered refused 23514 -> halt 1: refused 23514; apply 2:0..1
            answered committed -> settle 2:0..1; free
        "#]],
    );
}

#[test]
fn an_empty_share_that_is_refused_alone_halts_its_partition() {
    check(
        "took 0:4..4
         answered refused 42501",
        expect![[r#"
            took 0:4..4 -> apply 0:4..4
            answered refused 42501 -> halt 0: refused 42501; free
        "#]],
    );
}

/// Each piece is a new question: nothing is left of what the whole batch met.
#[test]
fn the_pieces_of_a_refused_batch_start_afresh() {
    check(
        "took 0:2 1:1
         answered duplicates
         answered conflict
         answered conflict
         answered conflict
         answered transient
         waited
         answered refused 22003
         answered transient",
        expect![[r#"
            took 0:2 1:1 -> apply 0:0..2 1:0..1
            answered duplicates -> apply 0:0..2 1:0..1, look up all
            answered conflict -> apply 0:0..2 1:0..1, look up all
            answered conflict -> apply 0:0..2 1:0..1, look up all
            answered conflict -> apply 0:0..2 1:0..1, locked, look up all
            answered transient -> wait 25ms
            waited -> apply 0:0..2 1:0..1, locked, look up all
            answered refused 22003 -> apply 0:0..2
            answered transient -> wait 25ms
        "#]],
    );
}

#[test]
fn a_partition_lost_between_pieces_takes_its_other_pieces_with_it() {
    check(
        "took 0:4 1:1
         answered refused 22003
         answered refused 22003
         answered lost 0
         answered committed",
        expect![[r#"
            took 0:4 1:1 -> apply 0:0..4 1:0..1
            answered refused 22003 -> apply 0:0..4
            answered refused 22003 -> apply 0:0..2
            answered lost 0 -> lost 0; apply 1:0..1
            answered committed -> settle 1:0..1; free
        "#]],
    );
    check(
        "took 0:4 1:1
         answered refused 22003
         answered refused 22003
         answered ahead 0
         answered committed",
        expect![[r#"
            took 0:4 1:1 -> apply 0:0..4 1:0..1
            answered refused 22003 -> apply 0:0..4
            answered refused 22003 -> apply 0:0..2
            answered ahead 0 -> halt 0: ahead; apply 1:0..1
            answered committed -> settle 1:0..1; free
        "#]],
    );
}

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

/// Whatever the answer is, what left is not applied again.
#[test]
fn a_partition_revoked_while_its_transaction_runs_is_not_applied_again() {
    for answer in [
        "conflict",
        "duplicates",
        "turned",
        "transient",
        "lost 1",
        "ahead 1",
        "refused 22003",
    ] {
        let script = format!("took 0:3 1:2 2:1\nrevoked 0\nanswered {answer}");
        let text = performed(&script);
        let last = text.lines().last().expect("an answer");
        assert!(
            last.contains("let go 0") && !last.contains("0:0..3"),
            "{text}"
        );
    }
    check(
        "took 0:3
         revoked 0
         answered conflict",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            revoked 0 -> nothing
            answered conflict -> let go 0; free
        "#]],
    );
    check(
        "took 0:3
         revoked 0
         answered transient",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            revoked 0 -> nothing
            answered transient -> let go 0; free
        "#]],
    );
    check(
        "took 0:3
         revoked 0
         answered refused 22003",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            revoked 0 -> nothing
            answered refused 22003 -> let go 0; free
        "#]],
    );
    check(
        "took 0:3
         revoked 0
         answered duplicates",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            revoked 0 -> nothing
            answered duplicates -> let go 0; free
        "#]],
    );
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

#[test]
#[should_panic(expected = "a batch was taken while another is in flight")]
fn a_planted_second_batch_is_a_bug() {
    performed("took 0:3\ntook 0:3..6");
}

#[test]
#[should_panic(expected = "an answer without a question")]
fn a_planted_answer_without_a_question_is_a_bug() {
    performed("answered committed");
}

#[test]
#[should_panic(expected = "a wait ended that was not asked for")]
fn a_planted_end_of_no_wait_is_a_bug() {
    performed("took 0:3\nwaited");
}
