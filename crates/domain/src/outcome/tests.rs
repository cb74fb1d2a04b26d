//! The codes that the outside may rely on.

use std::collections::BTreeSet;

use expect_test::expect;

use super::*;

#[test]
fn each_refusal_has_its_outcome_and_code_in_order_of_precedence() {
    let told = |refusal: &Refusal| {
        let answers = if refusal.answers_for_its_identity() {
            ", answers for its identity"
        } else {
            ""
        };
        format!("{} {}{answers}\n", refusal.outcome(), refusal.code())
    };
    assert!(Refusal::ALL.is_sorted());
    expect![[r#"
        duplicate duplicate
        rejected event_id_conflict
        unknown_sku unknown_sku, answers for its identity
        rejected stale, answers for its identity
        rejected overflow, answers for its identity
        rejected below_floor, answers for its identity
    "#]]
    .assert_eq(&Refusal::ALL.iter().map(told).collect::<String>());
}

#[test]
fn each_hold_has_a_code_of_its_own() {
    let holds = [Hold::Behind, Hold::UnknownSku, Hold::BelowFloor];
    let codes: BTreeSet<&str> = holds.iter().map(|hold| hold.code()).collect();
    expect![[r#"
        {
            "behind",
            "below_floor",
            "unknown_sku",
        }
    "#]]
    .assert_debug_eq(&codes);
}
