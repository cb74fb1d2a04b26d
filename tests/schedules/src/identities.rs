//! Scenarios of the filter of identities, the one thing that lanes share without a lock: under every
//! order that [loom](https://docs.rs/loom) finds in two threads, weak memory included.

use std::sync::Arc;

use loom::model::Builder;
use loom::sync::Mutex;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

use crate::variants::Set;

const FIRST: u128 = 1;
const SECOND: u128 = 2;

/// Each word of a filter is a point where the other thread may go on; with more preemptions than this
/// there are millions of orders.
const PREEMPTIONS_MAX: usize = 3;

fn in_every_order(scenario: fn()) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS_MAX);
    builder.check(scenario);
}

/// Two lanes add at once, in the same words: neither loses what it added.
pub fn two_lanes_add<S: Set>() {
    in_every_order(|| {
        let filter = S::new();
        let other = filter.share();
        let adds = thread::spawn(move || other.insert(SECOND));
        filter.insert(FIRST);
        assert!(filter.may_have(FIRST), "what a lane added itself is denied");
        adds.join().expect("it adds");
        let both = [FIRST, SECOND].map(|key| filter.may_have(key));
        assert_eq!(both, [true; 2], "what was added is denied");
    });
}

/// How a lane tells the next one that it is done with a SKU.
#[derive(Clone, Copy)]
enum Told {
    /// It gives the lock back.
    ByLock,
    /// It raises a flag that orders nothing: the mistake.
    ByFlag,
}

fn handed_over(told: Told) {
    let filter = crate::copies::real::Filter::new();
    let other = filter.share();
    let (lock, flag) = (
        Arc::new(Mutex::new(false)),
        Arc::new(AtomicBool::new(false)),
    );
    let (its_lock, its_flag) = (Arc::clone(&lock), Arc::clone(&flag));
    let adds = thread::spawn(move || {
        other.insert(FIRST);
        match told {
            Told::ByLock => *its_lock.lock().expect("nobody panics inside") = true,
            Told::ByFlag => its_flag.store(true, Ordering::Relaxed),
        }
    });
    let is_mine = match told {
        Told::ByLock => *lock.lock().expect("nobody panics inside"),
        Told::ByFlag => flag.load(Ordering::Relaxed),
    };
    if is_mine {
        assert!(filter.may_have(FIRST), "what was added is denied");
    }
    adds.join().expect("it adds");
}

/// A lane adds under the lock of a SKU, the next one asks under it: the filter needs no order of its own.
pub fn a_sku_that_is_handed_over() {
    in_every_order(|| handed_over(Told::ByLock));
}

/// The same without a lock.
pub fn a_sku_that_is_handed_over_without_its_lock() {
    in_every_order(|| handed_over(Told::ByFlag));
}
