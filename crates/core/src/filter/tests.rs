//! What the filter claims and denies, asked by one thread.

use super::*;

#[test]
fn a_filter_never_denies_what_it_was_given_and_seldom_claims_the_rest() {
    let filter = Filter::for_up_to(10_000);
    assert!((10_000..10_050).contains(&filter.identities()));
    let key = |n: u128| EventKey(n.wrapping_mul(0x1234_5678_9abc_def1_0fed_cba9_8765_4321));
    (0..10_000).for_each(|n| filter.insert(7, key(n)));
    assert!((0..10_000).all(|n| filter.may_have(7, key(n))));
    let false_answers = (10_000..110_000)
        .filter(|&n| filter.may_have(7, key(n)))
        .count();
    assert!(false_answers < 2_000, "{false_answers} of 100,000");
    assert!(
        (0..10_000).filter(|&n| filter.may_have(8, key(n))).count() < 200,
        "the product is part of it"
    );
}
