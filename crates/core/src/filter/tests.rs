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
    assert!(false_answers < 700, "{false_answers} of 100,000");
    assert!(
        (0..10_000).filter(|&n| filter.may_have(8, key(n))).count() < 200,
        "the product is part of it"
    );
}

#[test]
fn half_of_the_hash_changes_with_each_bit_of_product_and_key() {
    let flip_id = |bit: u32| move |id: i64, key: u128| (id ^ (1 << bit), key);
    let flip_key = |bit: u32| move |id: i64, key: u128| (id, key ^ (1 << bit));
    (0..64).for_each(|bit| is_half(flip_id(bit)));
    (0..128).for_each(|bit| is_half(flip_key(bit)));
}

/// How many bits of the hash change, of all and of its lowest 8, over many products and keys.
fn is_half(flip: impl Fn(i64, u128) -> (i64, u128)) {
    const COUNT: u32 = 1_000;
    let changed = (0..COUNT).map(|n| {
        let (id, key) = (
            i64::from(n),
            u128::from(n).wrapping_mul(0x0123_4567_89ab_cdef_0fed_cba9_8765_4321),
        );
        let (other_id, other_key) = flip(id, key);
        mix(id, EventKey(key)) ^ mix(other_id, EventKey(other_key))
    });
    let (mut all, mut lowest) = (0, 0);
    for bits in changed {
        all += bits.count_ones();
        lowest += (bits & 0xff).count_ones();
    }
    assert!((28 * COUNT..36 * COUNT).contains(&all), "{all} bits");
    assert!(
        (3 * COUNT..5 * COUNT).contains(&lowest),
        "{lowest} of the lowest"
    );
}
