//! Two workers and one map of stocks, for ThreadSanitizer to watch: `careless` as the consumer was
//! that lost updates, `locked` with the real lock table around the same lines. Judges nothing:
//! the sanitizer does, and `tests/sanitizer.rs` reads what it says.

mod shared_map;
mod wait;

include!(concat!(env!("OUT_DIR"), "/locks.rs"));

use std::process::ExitCode;
use std::sync::{Arc, Barrier};
use std::thread;

use locks::{Sku, SkuLocks};
use shared_map::SharedMap;
use wait::wait;

/// What both partitions are about.
const SKUS: [&str; 2] = ["a", "b"];
/// Of each worker.
const EVENTS: usize = 200;

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("careless") => work(|stocks, sku| stocks.add(sku, 1)),
        Some("locked") => {
            let locks = Arc::new(SkuLocks::default());
            work(move |stocks, sku| {
                let held = wait(locks.take([Sku::clone(sku)].into()));
                stocks.add(sku, 1);
                drop(held);
            });
        }
        _ => return ExitCode::from(2),
    }
    ExitCode::SUCCESS
}

/// Two workers, a partition each: every event adds one unit to a product. They meet before each
/// event, so that nothing but a lock can order what they do next.
fn work(apply: impl Fn(&SharedMap, &Sku) + Sync) {
    let skus = SKUS.map(Sku::from);
    let stocks = SharedMap::new(&skus);
    let meeting = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for sku in skus.iter().cycle().take(EVENTS) {
                    meeting.wait();
                    apply(&stocks, sku);
                }
            });
        }
    });
}
