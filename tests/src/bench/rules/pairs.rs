//! Draining the same backlog without rules and with them, in turn. Where nothing but the floor decides, it refuses the
//! same orders, but for those of frozen SKUs and of channels that get nothing of the last five units.

use std::time::Instant;

use super::shipped;
use crate::bench::measurement::Measurement;
use crate::bench::ratio::{self, Ratio};
use crate::bench::stage::{Mix, Schema, Stage};
use crate::bench::{ours, progress};
use crate::ours::{Plimsoll, Settings};
use crate::servers;

/// One kind of traffic, and the least ratio of the rates that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    pub(super) name: &'static str,
    mix: Mix,
    pub(super) asked: Option<f64>,
}

const USUAL: Mix = Mix {
    increases: 0.45,
    channels: &["web"],
    ..Mix::USUAL
};

/// With this exponent, nine events of ten are of the first SKU.
const ZIPF_OF_ONE: f64 = 3.5;

pub(super) const CASES: [Case; 3] = [
    Case {
        name: "Zipf 1.1 over 10,000 SKUs",
        mix: USUAL,
        asked: Some(0.9),
    },
    Case {
        name: "one SKU has 90 % of the events",
        mix: Mix {
            zipf: ZIPF_OF_ONE,
            ..USUAL
        },
        asked: Some(0.8),
    },
    Case {
        name: "the same, sold out, only orders",
        mix: Mix {
            zipf: ZIPF_OF_ONE,
            increases: 0.0,
            ..USUAL
        },
        asked: None,
    },
];

/// The traffic that rulesets are replaced under.
pub(super) const STEADY: Mix = USUAL;

/// The runs of a case, by round.
pub(super) struct Pair {
    pub(super) case: Case,
    pub(super) without: Vec<Side>,
    pub(super) with: Vec<Side>,
}

/// One run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub(super) run: Measurement,
    /// Microseconds of the stage `fold` per event, rules included.
    pub(super) fold_us: f64,
    /// Microseconds inside rules per event.
    pub(super) rules_us: f64,
    /// Share of events that were refused.
    pub(super) refused: f64,
}

impl Pair {
    /// The rate with rules, of that without.
    pub(super) fn ratio(&self) -> Ratio {
        let rate = |side: &Side| side.run.events_per_second();
        ratio::of_pairs(
            self.with
                .iter()
                .map(rate)
                .zip(self.without.iter().map(rate)),
        )
    }
}

const EVENTS: u64 = 400_000;

pub(super) async fn run(stage: &Stage, case: Case) -> anyhow::Result<Pair> {
    let events = if stage.quick { EVENTS } else { 3 * EVENTS };
    let topic = stage.topic(case.mix, events).await?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for round in 1..=stage.rounds {
        for (sides, schema) in [(&mut without, Schema::Scarce), (&mut with, Schema::Ruled)] {
            let side = drain(stage, schema, case.mix.skus, &topic, events).await?;
            let (name, rate) = (case.name, side.run.events_per_second());
            progress(format_args!(
                "round {round}: {name}, {schema:?}: {rate:.0} events/s, fold {:.2} µs, rules {:.2} µs",
                side.fold_us, side.rules_us
            ));
            sides.push(side);
        }
    }
    Ok(Pair {
        case,
        without,
        with,
    })
}

async fn drain(
    stage: &Stage,
    schema: Schema,
    skus: u32,
    topic: &str,
    events: u64,
) -> anyhow::Result<Side> {
    let database = stage.database(schema, skus).await?;
    let settings = shipped::believing(Settings::new(&database, &stage.bootstrap(), topic));
    let started = Instant::now();
    let mut plimsoll = Plimsoll::start(&settings)?;
    let run = ours::watch(stage, &mut plimsoll, &database, events, started).await?;
    let metrics = plimsoll.get("/metrics")?;
    plimsoll.stop()?;
    let refused = servers::number(&database, "SELECT count(*) FROM refusals").await?;
    stage.drop_database(&database).await?;
    let each = |seconds: f64| seconds * 1e6 / events as f64;
    Ok(Side {
        run,
        fold_us: each(sum(
            &metrics,
            "plimsoll_batch_duration_seconds_sum{stage=\"fold\"",
        )),
        rules_us: each(sum(&metrics, "plimsoll_rule_duration_seconds_sum{")),
        refused: refused as f64 / events as f64,
    })
}

/// The sum of all series that begin so.
fn sum(metrics: &str, series: &str) -> f64 {
    let values = metrics.lines().filter(|line| line.starts_with(series));
    let values = values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    // Of nothing, `sum` makes -0.
    values.fold(0.0, |sum, value| sum + value)
}
