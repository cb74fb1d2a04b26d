//! Upper bounds of the histograms' buckets: each about twice the one before, over the range in
//! which an operator would act differently.

/// Age of an event, in seconds: from faster than anybody sees to an hour of backlog.
pub(super) const AGE_S: [f64; 18] = [
    0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0,
    900.0, 3600.0,
];

/// One stage of a batch, in seconds: from computing to a database that hardly answers.
pub(super) const STAGE_S: [f64; 14] = [
    0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0, 30.0,
];

/// Waiting for locks, in seconds: from not waiting to a few transactions of others.
pub(super) const WAIT_S: [f64; 11] = [
    0.000_01, 0.000_1, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 1.0, 10.0,
];

/// Records in a batch.
pub(super) const RECORDS: [f64; 13] = [
    1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0,
];

/// Asking one rule about one batch, in seconds: from one event to a rule that is late every time.
pub(super) const RULE_S: [f64; 12] = [
    0.000_01, 0.000_02, 0.000_05, 0.000_1, 0.000_2, 0.000_5, 0.001, 0.002, 0.005, 0.02, 0.1, 0.5,
];

/// Fuel for one event: from a comparison to the most that a manifest may ask for.
pub(super) const FUEL: [f64; 12] = [
    20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0, 10_000.0, 20_000.0, 50_000.0,
    100_000.0,
];
