//! The codes that the outside may rely on.

use std::collections::BTreeSet;

use expect_test::expect;

use super::*;
use crate::verdict::Code;

const SAID: Said = Said {
    rule: 0,
    code: Code::Own(0),
};

#[test]
fn each_refusal_has_its_outcome_and_code_in_order_of_precedence() {
    let all = [
        Refusal::Duplicate,
        Refusal::EventIdConflict,
        Refusal::UnknownSku,
        Refusal::Stale,
        Refusal::Rule(SAID),
        Refusal::Overflow,
        Refusal::BelowFloor,
    ];
    let told = |refusal: &Refusal| {
        let answers = if refusal.answers_for_its_identity() {
            ", answers for its identity"
        } else {
            ""
        };
        let code = refusal.code(|_| "of_a_rule");
        format!("{} {code}{answers}\n", refusal.outcome())
    };
    assert!(all.is_sorted());
    expect![[r#"
        duplicate duplicate
        rejected event_id_conflict
        unknown_sku unknown_sku, answers for its identity
        rejected stale, answers for its identity
        rejected of_a_rule, answers for its identity
        rejected overflow, answers for its identity
        rejected below_floor, answers for its identity
    "#]]
    .assert_eq(&all.iter().map(told).collect::<String>());
}

#[test]
fn each_hold_has_a_code_of_its_own() {
    let holds = [
        Hold::Behind,
        Hold::UnknownSku,
        Hold::Rule(SAID),
        Hold::BelowFloor,
    ];
    let codes: BTreeSet<&str> = holds
        .iter()
        .map(|hold| hold.code(|_| "of_a_rule"))
        .collect();
    expect![[r#"
        {
            "behind",
            "below_floor",
            "of_a_rule",
            "unknown_sku",
        }
    "#]]
    .assert_debug_eq(&codes);
}
