//! What an event costs Plimsoll when there are more products, and when some events are copies.

use super::contender::Contender;
use super::measurement::Measurement;
use super::progress;
use super::stage::{Mix, Stage};

/// A run for each mix of traffic.
#[derive(Default)]
pub(super) struct Growth(pub(super) Vec<(Mix, Measurement)>);

const MIXES: [Mix; 5] = [
    Mix {
        skus: 1_000,
        ..Mix::USUAL
    },
    Mix::USUAL,
    Mix {
        skus: 100_000,
        ..Mix::USUAL
    },
    Mix {
        skus: 1_000_000,
        ..Mix::USUAL
    },
    Mix {
        duplicates: 0.01,
        ..Mix::USUAL
    },
];

pub(super) async fn run(stage: &Stage) -> anyhow::Result<Growth> {
    let mut runs = Vec::new();
    for mix in MIXES {
        let ours = Contender::Ours;
        let run = ours.drain(stage, mix, ours.events(stage.quick)).await?;
        progress(format_args!(
            "{mix:?}: {:.1} µs + {:.1} µs",
            run.service_us(),
            run.server_us()
        ));
        runs.push((mix, run));
    }
    Ok(Growth(runs))
}
