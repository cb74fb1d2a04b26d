//! A fixed set of seeds, each a run of its own: every invariant holds, and together they met every
//! fault and every outcome.

use plimsoll_sim::{Plan, Seen, run, shrink};

/// Seeds of every test run. Fresh ones are for longer hunts.
const SEEDS: u64 = 10_000;

#[test]
fn nothing_is_lost_doubled_or_reordered_in_ten_thousand_runs_that_met_every_fault() {
    let mut seen = Seen::default();
    for plan in (0..SEEDS).map(Plan::of) {
        let run = run(&plan, false);
        if let Some(broken) = &run.broken {
            let shrunk = shrink(&plan, broken.invariant);
            panic!(
                "{} is broken: {}\nreplay: {}\nshrunk: {}",
                broken.invariant,
                broken.what,
                plan.typed(),
                shrunk.typed()
            );
        }
        seen.add(&run.seen);
    }
    assert_eq!(seen.missing(), [], "I20: the runs were too easy");
}

#[test]
fn the_same_seed_is_the_same_run() {
    for seed in 0..50 {
        let story = || run(&Plan::of(seed), true).story;
        assert_eq!(story(), story(), "seed {seed}");
    }
}
