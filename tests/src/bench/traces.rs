//! What traces cost: draining the same backlog without them, with those of the default share of events, and with
//! those of all, in turn. Jaeger receives them, on the same machine.

use std::fmt;
use std::time::Instant;

use plimsoll_sandbox::jaeger::Jaeger;
use serde_json::{Value, json};

use super::measurement::Measurement;
use super::ratio::{self, Ratio};
use super::report::{heading, row};
use super::stage::{Mix, Schema, Stage};
use super::{ours, progress};
use crate::ours::{Plimsoll, Settings};

/// Which events are followed, and the least ratio of the rates that is asked for.
const SIDES: [(&str, Option<f64>, f64); 3] = [
    ("no traces", None, 1.0),
    ("one event in 100, up to 500/s", Some(0.01), 0.97),
    ("every event, up to 5,000/s", Some(1.0), 0.9),
];

const EVENTS: u64 = 1_000_000;

/// The runs of each side, by round.
#[derive(Default)]
pub(super) struct Traces(Vec<Vec<Run>>);

#[derive(Clone, Copy, Debug)]
struct Run {
    run: Measurement,
    /// Spans that found no room, per event.
    dropped: f64,
}

pub(super) async fn run(stage: &Stage) -> anyhow::Result<Traces> {
    let jaeger = Jaeger::start()?;
    let topic = stage.topic(Mix::USUAL, EVENTS).await?;
    let mut sides = vec![Vec::new(); SIDES.len()];
    for round in 1..=stage.rounds {
        for (runs, (name, ratio, _)) in sides.iter_mut().zip(SIDES) {
            let more = ratio.map_or_else(String::new, |ratio| {
                let endpoint = jaeger.otlp_url();
                format!("[telemetry]\notlp_endpoint = '{endpoint}'\nsample_ratio = {ratio}")
            });
            let run = drain(stage, &topic, more).await?;
            let rate = run.run.events_per_second();
            progress(format_args!("round {round}: {name}: {rate:.0} events/s"));
            runs.push(run);
        }
    }
    Ok(Traces(sides))
}

async fn drain(stage: &Stage, topic: &str, more: String) -> anyhow::Result<Run> {
    let database = stage.database(Schema::Ours, Mix::USUAL.skus).await?;
    let settings = Settings {
        more,
        ..Settings::new(&database, &stage.bootstrap(), topic)
    };
    let started = Instant::now();
    let mut plimsoll = Plimsoll::start(&settings)?;
    let run = ours::watch(stage, &mut plimsoll, &database, EVENTS, started).await?;
    let metrics = plimsoll.get("/metrics")?;
    plimsoll.stop()?;
    stage.drop_database(&database).await?;
    let mut lines = metrics.lines();
    let dropped = lines.find_map(|line| line.strip_prefix("plimsoll_spans_dropped_total "));
    let dropped = dropped.map_or(Ok(0.0), str::parse)?;
    Ok(Run {
        run,
        dropped: dropped / EVENTS as f64,
    })
}

impl Traces {
    /// The rate of a side, of that without traces.
    fn ratio(&self, side: usize) -> Ratio {
        let rates = |side: usize| self.0[side].iter().map(|it| it.run.events_per_second());
        ratio::of_pairs(rates(side).zip(rates(0)))
    }

    pub(super) fn to_json(&self) -> Value {
        let side = |(n, runs): (usize, &Vec<Run>)| {
            let ratio = self.ratio(n);
            let runs = runs
                .iter()
                .map(|it| json!({ "run": it.run.to_json(), "dropped_per_event": it.dropped }));
            json!({ "followed": SIDES[n].0, "asked": SIDES[n].2, "runs": runs.collect::<Vec<_>>(),
                    "ratio": { "mean": ratio.mean, "low_95": ratio.low, "high_95": ratio.high } })
        };
        self.0.iter().enumerate().map(side).collect()
    }
}

impl fmt::Display for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nTraces, received on the same machine (medians)")?;
        heading(f, "rate, of that without traces (95 %)")?;
        for (n, (runs, (name, _, asked))) in self.0.iter().zip(SIDES).enumerate() {
            let (ratio, measured) = (self.ratio(n), runs.iter().map(|it| it.run));
            row(f, name, &measured.collect::<Vec<_>>())?;
            let dropped = super::measurement::median(runs.iter().map(|it| it.dropped));
            writeln!(
                f,
                "  {:.2} ({:.2} – {:.2}), asked: {asked:.2}; spans dropped per event: {dropped:.2}",
                ratio.mean, ratio.low, ratio.high
            )?;
        }
        Ok(())
    }
}
