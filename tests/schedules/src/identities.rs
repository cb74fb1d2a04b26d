//! Scenarios of the filter of identities, which lanes share without a lock. For
//! [`every_order`](crate::every_order).

use std::sync::Arc;

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::copies::real;
use crate::variants::Set;

const FIRST: u128 = 1;
const SECOND: u128 = 2;

/// Two lanes add at once, in the same words: neither loses what it added.
pub fn two_lanes_add<S: Set>() {
    let filter = S::new();
    let other = filter.share();
    let adds = thread::spawn(move || other.insert(SECOND));
    filter.insert(FIRST);
    assert!(filter.may_have(FIRST), "what was added is denied");
    adds.join().expect("it adds");
    let both = [FIRST, SECOND].map(|key| filter.may_have(key));
    assert_eq!(both, [true; 2], "what was added is denied");
}

/// A lane adds, hands the SKU over with this ordering, and the next one takes it with that one.
fn handed_over(gives: Ordering, takes: Ordering) {
    let filter = real::Filter::new();
    let other = filter.share();
    let free = Arc::new(AtomicBool::new(false));
    let its_free = Arc::clone(&free);
    let adds = thread::spawn(move || {
        other.insert(FIRST);
        its_free.store(true, gives);
    });
    if free.load(takes) {
        assert!(filter.may_have(FIRST), "what was added is denied");
    }
    adds.join().expect("it adds");
}

/// The lock of a SKU orders what was done under it, and the filter needs no order of its own.
pub fn a_sku_that_is_handed_over() {
    handed_over(Ordering::Release, Ordering::Acquire);
}

/// The mistake: a hand-over that orders nothing.
pub fn a_sku_that_is_handed_over_without_order() {
    handed_over(Ordering::Relaxed, Ordering::Relaxed);
}
