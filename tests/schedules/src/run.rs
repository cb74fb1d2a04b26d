//! How many schedules a scenario is run under, and from which seed: shuttle's own variable
//! `SHUTTLE_RANDOM_SEED` replaces every seed. Or under all that loom finds.

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};

/// Of every scenario in every run of the tests.
pub const SCHEDULES: usize = 20_000;

/// Each word of a filter is a point where the other thread may go on, so the orders grow fast with this.
const PREEMPTIONS_MAX: usize = 3;

/// Panic messages are formatted on these stacks.
const STACK_BYTES: usize = 128 * 1024;

/// Whoever is ready is as likely as any other to run next.
pub fn random(seed: u64, schedules: usize, scenario: fn()) {
    Runner::new(RandomScheduler::new_from_seed(seed, schedules), config()).run(scenario);
}

/// The same task runs on, but for `depth - 1` points of each schedule: finds what needs few but
/// far-apart preemptions.
pub fn bounded_preemption(seed: u64, depth: usize, schedules: usize, scenario: fn()) {
    let scheduler = PctScheduler::new_from_seed(seed, depth, schedules);
    Runner::new(scheduler, config()).run(scenario);
}

/// Every order of its loom threads, with few preemptions and with stale values of atomics.
pub fn every_order(scenario: fn()) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(PREEMPTIONS_MAX);
    builder.check(scenario);
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = STACK_BYTES;
    config.silence_warnings = true;
    config
}
