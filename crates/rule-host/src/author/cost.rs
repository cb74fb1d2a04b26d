//! What a rule costs: time and fuel of a batch, instantiation and packing included. Fuel is the
//! same on every machine; time is this machine's, at this moment.

use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::events::{Event, events};
use super::random::Random;
use crate::Verdict;
use crate::bundle::Bundle;
use crate::facts::Facts;
use crate::rule::{Rule, Unavailable};

/// Batches that are measured by default, in events.
pub const BATCHES: [usize; 3] = [1, 256, 1_024];
/// Events are always the same, so that fuel can be compared.
const SEED: u64 = 1;
/// The median of a round is its result, the best round is the measurement: whatever else the
/// machine does only makes a round slower.
const ROUNDS: u32 = 5;

/// What a batch costs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// Events in it.
    pub events: usize,
    /// Nanoseconds for each; nothing if they were not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nanoseconds_per_event: Option<f64>,
    /// Fuel for the whole batch.
    pub fuel: u64,
    /// The same as a share of the budget.
    pub budget_share: f64,
}

/// Measures one batch of each size with these parameters, each for about `time`; without it only
/// fuel, which takes a moment.
///
/// # Errors
/// If the rule could not be asked.
pub fn measure(
    rule: &Rule,
    parameters: &[i64],
    batches: &[usize],
    time: Option<Duration>,
) -> Result<Vec<Cost>, Unavailable> {
    let most = batches.iter().copied().max().unwrap_or(0);
    let made = events(rule.bundle(), &mut Random::new(SEED), most);
    let all: Vec<Facts<'_>> = made.iter().map(Event::facts).collect();
    let costs = batches
        .iter()
        .map(|size| cost(rule, parameters, &all[..*size], time));
    costs.collect()
}

fn cost(
    rule: &Rule,
    parameters: &[i64],
    batch: &[Facts<'_>],
    time: Option<Duration>,
) -> Result<Cost, Unavailable> {
    // Asked once in advance: a rule that cannot be asked is no measurement.
    let fuel = rule.evaluate(batch, parameters)?.fuel;
    let each = time.map(|time| {
        let ask = || drop(black_box(rule.evaluate(black_box(batch), parameters)));
        nanoseconds(time, ask) / batch.len() as f64
    });
    let budget: u64 = batch
        .chunks(rule.rows_max())
        .map(|rows| rule.bundle().manifest().budget.fuel(rows.len()))
        .sum();
    Ok(Cost {
        events: batch.len(),
        nanoseconds_per_event: each,
        fuel,
        budget_share: fuel as f64 / budget as f64,
    })
}

/// Nanoseconds an event of a native closure, asked about the same batches as the rule of `bundle`.
pub fn native(
    bundle: &Bundle,
    batches: &[usize],
    time: Duration,
    decide: impl Fn(&Facts<'_>) -> Verdict,
) -> Vec<f64> {
    let most = batches.iter().copied().max().unwrap_or(0);
    let made = events(bundle, &mut Random::new(SEED), most);
    let all: Vec<Facts<'_>> = made.iter().map(Event::facts).collect();
    let each = batches.iter().map(|size| {
        let judge = || {
            let verdicts: Vec<Verdict> = black_box(&all[..*size]).iter().map(&decide).collect();
            drop(black_box(verdicts));
        };
        nanoseconds(time, judge) / *size as f64
    });
    each.collect()
}

/// Nanoseconds of one call.
fn nanoseconds(time: Duration, mut call: impl FnMut()) -> f64 {
    let rounds = (0..ROUNDS).map(|_| median(time / ROUNDS, &mut call));
    rounds.fold(f64::INFINITY, f64::min)
}

fn median(time: Duration, call: &mut impl FnMut()) -> f64 {
    let mut each = Vec::new();
    let started = Instant::now();
    while started.elapsed() < time || each.is_empty() {
        let one = Instant::now();
        call();
        each.push(one.elapsed().as_secs_f64() * 1e9);
    }
    each.sort_by(f64::total_cmp);
    each[each.len() / 2]
}
