//! What each event of a batch becomes, reason by reason in order of precedence. The notation
//! of the cases is told in `notation`.

mod beginnings;
mod chance;
mod identities;
mod laws;
mod model;
mod notation;
mod printed;
mod rounds;

use expect_test::{Expect, expect};

use self::notation::Case;
use self::printed::printed;
use super::fold;

fn check(batch: &str, expect: Expect) {
    let case = Case::parse(batch);
    let folded = fold(&case.events, &case.slots, &case.answered, &case.policy);
    expect.assert_eq(&printed(&case, &folded));
}

/// Everything is wrong with the first event; each further one has the first fault less.
#[test]
fn the_first_reason_in_order_of_precedence_is_the_answer() {
    check(
        "policy: park, units_max 100
         A: 10 v4 held
         known: A#1 -150, A#2 -99
         A -150 #1 @1, A -150 #2 @1, A -150 @1",
        expect![[r#"
            A -150 #1 @1 -> refused duplicate, saw 10 v4
            A -150 #2 @1 -> refused event_id_conflict, saw 10 v4
            A -150 @1    -> parked behind, saw 10 v4
            A: 10 v4 d3 held; 2 recorded
        "#]],
    );
    check(
        "policy: park, units_max 100
         A: 10 v4
         A -150 @1, A -150, A -50, A -5",
        expect![[r#"
            A -150 @1    -> refused stale, saw 10 v4
            A -150       -> refused overflow, saw 10 v4
            A -50        -> refused below_floor, saw 10 v4
            A -5         -> -5 makes 5 v5
            A: 5 v5 d5; 4 recorded; refused
        "#]],
    );
    check(
        "policy: reject
         A: unknown held
         B: unknown
         known: A#1 -150, A#2 -99, B#1 -150, B#2 -99
         A -150 #1 @1, A -150 #2 @1, A -150 @1, B -150 #1 @1, B -150 #2 @1, B -150 @1",
        expect![[r#"
            A -150 #1 @1 -> refused duplicate
            A -150 #2 @1 -> refused event_id_conflict
            A -150 @1    -> parked behind
            B -150 #1 @1 -> refused duplicate
            B -150 #2 @1 -> refused event_id_conflict
            B -150 @1    -> refused unknown_sku
            A: unknown d2 held; 2 recorded
            B: unknown d2; 2 recorded; refused
        "#]],
    );
}

#[test]
fn each_event_sees_the_balance_the_one_before_it_left() {
    check(
        "A: 10 v4 d7
         A -6, A -6, A +3, A -6, A -1",
        expect![[r#"
            A -6         -> -6 makes 4 v5
            A -6         -> refused below_floor, saw 4 v5
            A +3         -> +3 makes 7 v6
            A -6         -> -6 makes 1 v7
            A -1         -> -1 makes 0 v8
            A: 0 v8 d12; 5 recorded; refused
        "#]],
    );
}

#[test]
fn skus_of_one_batch_do_not_see_each_other() {
    check(
        "A: 5
         B: 5
         C: 5
         A -3 #1, B -3 #1, A -3 #2, C =0 #1, B -2 #2, C -1 #2",
        expect![[r#"
            A -3 #1      -> -3 makes 2 v1
            B -3 #1      -> -3 makes 2 v1
            A -3 #2      -> refused below_floor, saw 2 v1
            C =0 #1      -> -5 makes 0 v1
            B -2 #2      -> -2 makes 0 v2
            C -1 #2      -> refused below_floor, saw 0 v1
            A: 2 v1 d3; 2 recorded; refused
            B: 0 v2 d3; 2 recorded
            C: 0 v1 d3; 2 recorded; refused
        "#]],
    );
}

#[test]
fn a_count_sets_the_stock_and_is_a_movement_even_of_0() {
    check(
        "A: 10 v4
         A =7, A =7, A =0, A =12",
        expect![[r#"
            A =7         -> -3 makes 7 v5
            A =7         -> +0 makes 7 v6
            A =0         -> -7 makes 0 v7
            A =12        -> +12 makes 12 v8
            A: 12 v8 d5; 4 recorded
        "#]],
    );
}

/// A fact happened: it is not refused for the floor, it waits.
#[test]
fn a_fact_below_the_floor_parks_and_holds_its_sku() {
    check(
        "A: 10 floor 5
         B: 10 floor 5
         A -6, A -6 fact, A +9, A -1, B =4, B =9",
        expect![[r#"
            A -6         -> refused below_floor, saw 10 v0 floor 5
            A -6 fact    -> parked below_floor, saw 10 v0 floor 5
            A +9         -> parked behind, saw 10 v0 floor 5
            A -1         -> parked behind, saw 10 v0 floor 5
            B =4         -> parked below_floor, saw 10 v0 floor 5
            B =9         -> parked behind, saw 10 v0 floor 5
            A: 10 v0 floor 5 d5 held; 4 recorded; refused
            B: 10 v0 floor 5 d3 held; 2 recorded
        "#]],
    );
}

#[test]
fn all_events_behind_a_hold_park() {
    check(
        "A: 10 held
         B: unknown held
         A +1, A =3, A -1 fact @9, B +1, B -1 fact",
        expect![[r#"
            A +1         -> parked behind, saw 10 v0
            A =3         -> parked behind, saw 10 v0
            A -1 fact @9 -> parked behind, saw 10 v0
            B +1         -> parked behind
            B -1 fact    -> parked behind
            A: 10 v0 d4 held; 3 recorded
            B: unknown d2 held; 2 recorded
        "#]],
    );
}

#[test]
fn what_narrow_columns_cannot_hold_is_refused() {
    check(
        "policy: park, units_max 127
         A: 100 floor -200
         B: 100 floor -200
         A +28, A +27, A +1, A =128, A =127 fact, B -229, B -228, B -1, B -1 fact",
        expect![[r#"
            A +28        -> refused overflow, saw 100 v0 floor -200
            A +27        -> +27 makes 127 v1
            A +1         -> refused overflow, saw 127 v1 floor -200
            A =128       -> refused overflow, saw 127 v1 floor -200
            A =127       -> +0 makes 127 v2
            B -229       -> refused overflow, saw 100 v0 floor -200
            B -228       -> -228 makes -128 v1
            B -1         -> refused overflow, saw -128 v1 floor -200
            B -1 fact    -> refused overflow, saw -128 v1 floor -200
            A: 127 v2 floor -200 d6; 5 recorded; refused
            B: -128 v1 floor -200 d5; 4 recorded; refused
        "#]],
    );
    check(
        "policy: park, version_max 9
         A: 10 v8
         A -1, A -1, A =9",
        expect![[r#"
            A -1         -> -1 makes 9 v9
            A -1         -> refused overflow, saw 9 v9
            A =9         -> refused overflow, saw 9 v9
            A: 9 v9 d4; 3 recorded; refused
        "#]],
    );
}

#[test]
fn what_64_bits_cannot_hold_is_refused() {
    check(
        "A: max floor min
         B: min floor min
         C: -1 floor min
         D: 5 vmax
         A +1, A -1, B -1, B +1, C =max, C max, D +1",
        expect![[r#"
            A +1         -> refused overflow, saw 9223372036854775807 v0 floor -9223372036854775808
            A -1         -> -1 makes 9223372036854775806 v1
            B -1         -> refused overflow, saw -9223372036854775808 v0 floor -9223372036854775808
            B +1         -> +1 makes -9223372036854775807 v1
            C =9223372036854775807 -> refused overflow, saw -1 v0 floor -9223372036854775808
            C +9223372036854775807 -> +9223372036854775807 makes 9223372036854775806 v1
            D +1         -> refused overflow, saw 5 v9223372036854775807
            A: 9223372036854775806 v1 floor -9223372036854775808 d3; 2 recorded; refused
            B: -9223372036854775807 v1 floor -9223372036854775808 d3; 2 recorded; refused
            C: 9223372036854775806 v1 floor -9223372036854775808 d3; 2 recorded; refused
            D: 5 v9223372036854775807 d2; 1 recorded; refused
        "#]],
    );
    // From one end to the other in one step is more than a change can say.
    check(
        "A: 0 floor min
         A min, A -1, A =0, A max",
        expect![[r#"
            A -9223372036854775808 -> -9223372036854775808 makes -9223372036854775808 v1
            A -1         -> refused overflow, saw -9223372036854775808 v1 floor -9223372036854775808
            A =0         -> refused overflow, saw -9223372036854775808 v1 floor -9223372036854775808
            A +9223372036854775807 -> +9223372036854775807 makes -1 v2
            A: -1 v2 floor -9223372036854775808 d5; 4 recorded; refused
        "#]],
    );
}
