//! Repeats: which copy of an identity is the first, and what becomes of the others.

use expect_test::expect;

use super::check;

#[test]
fn a_repeat_inside_the_batch_is_measured_against_the_first_copy() {
    check(
        "A: 10
         A -3 #1, A -3 #1, A +3 #1, A =3 #1, A -3 #1",
        expect![[r#"
            A -3 #1      -> -3 makes 7 v1
            A -3 #1      -> refused duplicate, saw 7 v1
            A +3 #1      -> refused event_id_conflict, saw 7 v1
            A =3 #1      -> refused event_id_conflict, saw 7 v1
            A -3 #1      -> refused duplicate, saw 7 v1
            A: 7 v1 d4; 3 recorded
        "#]],
    );
}

/// A count is another kind than an adjustment by the same number.
#[test]
fn an_identity_with_another_kind_or_quantity_is_a_conflict() {
    check(
        "A: 10
         known: A#1 +3, A#2 =3
         A +3 #1, A =3 #1, A +4 #1, A =3 #2, A +3 #2",
        expect![[r#"
            A +3 #1      -> refused duplicate, saw 10 v0
            A =3 #1      -> refused event_id_conflict, saw 10 v0
            A +4 #1      -> refused event_id_conflict, saw 10 v0
            A =3 #2      -> refused duplicate, saw 10 v0
            A +3 #2      -> refused event_id_conflict, saw 10 v0
            A: 10 v0 d4; 3 recorded
        "#]],
    );
}

#[test]
fn a_refused_and_a_parked_event_answer_for_their_identity() {
    check(
        "A: 2
         A -3 #1, A -3 #1, A -4 #1, A -3 #2 fact, A -3 #2 fact, A +1 #2",
        expect![[r#"
            A -3 #1      -> refused below_floor, saw 2 v0
            A -3 #1      -> refused duplicate, saw 2 v0
            A -4 #1      -> refused event_id_conflict, saw 2 v0
            A -3 #2 fact -> parked below_floor, saw 2 v0
            A -3 #2 fact -> refused duplicate, saw 2 v0
            A +1 #2      -> refused event_id_conflict, saw 2 v0
            A: 2 v0 d5 held; 4 recorded; refused
        "#]],
    );
}

/// The conflict came second: the identity stays that of the first copy.
#[test]
fn a_conflict_does_not_answer_for_its_identity() {
    check(
        "A: 10
         A -3 #1, A -4 #1, A -4 #1, A -3 #1",
        expect![[r#"
            A -3 #1      -> -3 makes 7 v1
            A -4 #1      -> refused event_id_conflict, saw 7 v1
            A -4 #1      -> refused event_id_conflict, saw 7 v1
            A -3 #1      -> refused duplicate, saw 7 v1
            A: 7 v1 d4; 3 recorded
        "#]],
    );
}

#[test]
fn an_event_without_identity_is_never_a_repeat() {
    check(
        "A: 10
         A -3, A -3, A -3",
        expect![[r#"
            A -3         -> -3 makes 7 v1
            A -3         -> -3 makes 4 v2
            A -3         -> -3 makes 1 v3
            A: 1 v3 d4; 3 recorded
        "#]],
    );
}

#[test]
fn a_duplicate_leaves_no_mark_on_its_sku() {
    check(
        "A: 10 v4 d7
         B: 10 v4 unadopted
         C: 10 v4 d7 ledger 8 v3
         D: unknown d2
         E: 10 v4 d7 held
         known: A#1 -3, B#1 -3, C#1 -3, D#1 -3, E#1 -3
         A -3 #1, B -3 #1, C -3 #1, D -3 #1, E -3 #1",
        expect![[r#"
            A -3 #1      -> refused duplicate, saw 10 v4
            B -3 #1      -> refused duplicate, saw 10 v4
            C -3 #1      -> refused duplicate, saw 10 v4
            D -3 #1      -> refused duplicate
            E -3 #1      -> refused duplicate, saw 10 v4
            A: 10 v4 d7; untouched
            B: 10 v4 unadopted d0; untouched
            C: 10 v4 ledger 8 v3 d7; untouched
            D: unknown d2; untouched
            E: 10 v4 d7 held; untouched
        "#]],
    );
}
