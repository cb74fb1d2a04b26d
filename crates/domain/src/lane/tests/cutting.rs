//! What the database refuses is found by cutting the batch.

use expect_test::expect;

use super::check;

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
