//! The codes that the outside may rely on.

use expect_test::expect;

use super::*;
use crate::verdict::Code;

const SAID: Said = Said {
    rule: 7,
    code: Code::Own(0),
};

fn by_rule(said: Option<Said>) -> String {
    said.map_or(String::new(), |said| {
        format!(", said by rule {}", said.rule)
    })
}

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
        let (outcome, code) = (refusal.outcome(), refusal.code(|_| "of_a_rule"));
        format!("{outcome} {code}{answers}{}\n", by_rule(refusal.said()))
    };
    assert!(all.is_sorted());
    expect![[r#"
        duplicate duplicate
        rejected event_id_conflict
        unknown_sku unknown_sku, answers for its identity
        rejected stale, answers for its identity
        rejected of_a_rule, answers for its identity, said by rule 7
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
    let told = |hold: &Hold| {
        let code = hold.code(|_| "of_a_rule");
        format!("{code}{}\n", by_rule(hold.said()))
    };
    expect![[r#"
        behind
        unknown_sku
        of_a_rule, said by rule 7
        below_floor
    "#]]
    .assert_eq(&holds.iter().map(told).collect::<String>());
}
