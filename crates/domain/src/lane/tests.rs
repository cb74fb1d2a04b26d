//! What a lane does about each answer, in the order of `Answer`. The notation of the scripts is
//! told in `script`.

mod cutting;
mod leaving;
mod script;
mod walk;
mod world;

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
fn a_partition_whose_breaker_tripped_halts_after_its_commit_and_the_rest_goes_on() {
    check(
        "took 0:3 1:2
         answered tripped 0",
        expect![[r#"
            took 0:3 1:2 -> apply 0:0..3 1:0..2
            answered tripped 0 -> settle 0:0..3 1:0..2; halt 0: malformed; free
        "#]],
    );
    check(
        "took 0:4 1:2
         answered refused 23514
         answered refused 23514
         answered tripped 0
         answered committed",
        expect![[r#"
            took 0:4 1:2 -> apply 0:0..4 1:0..2
            answered refused 23514 -> apply 0:0..4
            answered refused 23514 -> apply 0:0..2
            answered tripped 0 -> settle 0:0..2; halt 0: malformed; apply 1:0..2
            answered committed -> settle 1:0..2; free
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
         waited
         answered committed",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            answered duplicates -> apply 0:0..3, look up all
            answered duplicates -> turn part; wait 25ms
            waited -> apply 0:0..3, look up all
            answered committed -> settle 0:0..3; free
        "#]],
    );
}

#[test]
fn a_part_that_turned_is_only_a_reason_to_try_again() {
    check(
        "took 0:3
         answered turned
         waited
         answered committed",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            answered turned -> wait 25ms
            waited -> apply 0:0..3
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
         waited
         answered committed",
        expect![[r#"
            took 0:3 -> apply 0:0..3
            answered conflict -> apply 0:0..3
            answered duplicates -> apply 0:0..3, look up all
            answered conflict -> apply 0:0..3, look up all
            answered transient -> wait 25ms
            waited -> apply 0:0..3, look up all
            answered conflict -> apply 0:0..3, locked, look up all
            answered turned -> wait 50ms
            waited -> apply 0:0..3, locked, look up all
            answered committed -> settle 0:0..3; free
        "#]],
    );
}

#[test]
fn waits_double_up_to_the_longest_and_start_anew_with_each_batch() {
    let faults = "\nanswered transient\nwaited".repeat(9);
    check(
        &format!("took 0:3{faults}\nanswered committed\ntook 0:3..6\nanswered transient"),
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
