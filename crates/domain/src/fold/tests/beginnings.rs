//! Ledgers that start or go on without a record: SKUs without a product, openings, and stock
//! that somebody changed past us.

use expect_test::expect;

use super::check;

#[test]
fn the_events_of_an_unknown_sku_wait_for_the_product() {
    check(
        "policy: park
         A: unknown
         A +5 #1, A -1, A +5 #1, A +6 #1",
        expect![[r#"
            A +5 #1      -> parked unknown_sku
            A -1         -> parked behind
            A +5 #1      -> refused duplicate
            A +6 #1      -> refused event_id_conflict
            A: unknown d3 held; 3 recorded
        "#]],
    );
}

#[test]
fn the_events_of_an_unknown_sku_are_refused_if_so_configured() {
    check(
        "policy: reject
         A: unknown d3
         A +5 #1, A =4, A -1 fact, A +5 #1, A +6 #1",
        expect![[r#"
            A +5 #1      -> refused unknown_sku
            A =4         -> refused unknown_sku
            A -1 fact    -> refused unknown_sku
            A +5 #1      -> refused duplicate
            A +6 #1      -> refused event_id_conflict
            A: unknown d7; 4 recorded; refused
        "#]],
    );
}

#[test]
fn an_unknown_sku_becomes_an_empty_product_if_so_configured() {
    check(
        "policy: create
         A: unknown d3
         B: unknown
         C: unknown
         D: unknown
         E: unknown held
         A +5 #1, A +5 #1, A -6, B -1, C -1 fact, C +1, D +1 @1, D +1 @0, E +1",
        expect![[r#"
            A +5 #1      -> +5 makes 5 v1
            A +5 #1      -> refused duplicate, saw 5 v1
            A -6         -> refused below_floor, saw 5 v1
            B -1         -> refused below_floor, saw 0 v0
            C -1 fact    -> parked below_floor, saw 0 v0
            C +1         -> parked behind, saw 0 v0
            D +1 @1      -> refused stale, saw 0 v0
            D +1 @0      -> +1 makes 1 v1
            E +1         -> parked behind
            A: 5 v1 d6; created; opening +0 makes 0 v0; 2 recorded; refused
            B: 0 v0 d2; created; opening +0 makes 0 v0; 1 recorded; refused
            C: 0 v0 d3 held; created; opening +0 makes 0 v0; 2 recorded
            D: 1 v1 d3; created; opening +0 makes 0 v0; 2 recorded; refused
            E: unknown d1 held; 1 recorded
        "#]],
    );
}

#[test]
fn a_created_product_has_the_default_floor_but_never_above_its_0_units() {
    check(
        "policy: create, floor -5
         A: unknown
         A -4, A -4",
        expect![[r#"
            A -4         -> -4 makes -4 v1
            A -4         -> refused below_floor, saw -4 v1 floor -5
            A: -4 v1 floor -5 d3; created; opening +0 makes 0 v0; 2 recorded; refused
        "#]],
    );
    check(
        "policy: create, floor 5
         A: unknown
         A +1, A -1, A -1",
        expect![[r#"
            A +1         -> +1 makes 1 v1
            A -1         -> -1 makes 0 v2
            A -1         -> refused below_floor, saw 0 v2
            A: 0 v2 d4; created; opening +0 makes 0 v0; 3 recorded; refused
        "#]],
    );
}

/// The conflict is written against the SKU as it was then: still unknown.
#[test]
fn a_sku_may_be_created_after_a_conflict_of_it_was_recorded() {
    check(
        "policy: create
         A: unknown d3
         known: A#1 +5
         A +4 #1, A +7, A +4 #1",
        expect![[r#"
            A +4 #1      -> refused event_id_conflict
            A +7         -> +7 makes 7 v1
            A +4 #1      -> refused event_id_conflict, saw 7 v1
            A: 7 v1 d7; created; opening +0 makes 0 v0; 3 recorded
        "#]],
    );
}

#[test]
fn the_first_batch_of_a_product_opens_its_ledger() {
    check(
        "A: 10 v4 unadopted
         B: 10 v4 unadopted
         C: -3 floor -3 unadopted held
         D: 10 v4 unadopted
         known: D#1 -3
         A -3, A -3, B -11, C +1, D -2 #1",
        expect![[r#"
            A -3         -> -3 makes 7 v5
            A -3         -> -3 makes 4 v6
            B -11        -> refused below_floor, saw 10 v4
            C +1         -> parked behind, saw -3 v0 floor -3
            D -2 #1      -> refused event_id_conflict, saw 10 v4
            A: 4 v6 d3; opening +0 makes 10 v4; 2 recorded
            B: 10 v4 d2; opening +0 makes 10 v4; 1 recorded; refused
            C: -3 v0 floor -3 d2 held; opening +0 makes -3 v0; 1 recorded
            D: 10 v4 d2; opening +0 makes 10 v4; 1 recorded
        "#]],
    );
}

#[test]
fn a_stock_changed_past_us_gets_an_external_line_before_anything_is_recorded() {
    check(
        "A: 12 v4 d7 ledger 10 v4
         B: 12 v9 d7 ledger 10 v4
         C: 12 v9 d7 ledger 12 v4
         A -3, A -3, B -3 @9, B -3 @5, C -3",
        expect![[r#"
            A -3         -> -3 makes 9 v6
            A -3         -> -3 makes 6 v7
            B -3 @9      -> refused stale, saw 12 v5
            B -3 @5      -> -3 makes 9 v6
            C -3         -> -3 makes 9 v6
            A: 6 v7 d10; external +2 makes 12 v5; 2 recorded
            B: 9 v6 d10; external +2 makes 12 v5; 2 recorded; refused
            C: 9 v6 d9; external +0 makes 12 v5; 1 recorded
        "#]],
    );
}

#[test]
fn a_stock_changed_past_us_gets_its_line_also_when_nothing_moves() {
    check(
        "A: 12 v4 d7 ledger 10 v4
         B: 12 v4 d7 ledger 10 v4 held
         C: 12 v4 d7 ledger 10 v4
         known: A#1 -3
         A -4 #1, A -4 #1, B -3, C -13",
        expect![[r#"
            A -4 #1      -> refused event_id_conflict, saw 12 v5
            A -4 #1      -> refused event_id_conflict, saw 12 v5
            B -3         -> parked behind, saw 12 v5
            C -13        -> refused below_floor, saw 12 v5
            A: 12 v5 d10; external +2 makes 12 v5; 2 recorded
            B: 12 v5 d9 held; external +2 makes 12 v5; 1 recorded
            C: 12 v5 d9; external +2 makes 12 v5; 1 recorded; refused
        "#]],
    );
}
