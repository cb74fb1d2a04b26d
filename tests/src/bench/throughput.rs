//! How fast a backlog is drained, by all contenders in turn.

use super::contender::Contender;
use super::measurement::{Measurement, median};
use super::progress;
use super::ratio::{self, Ratio};
use super::stage::{Mix, Stage};

/// All runs, by contender, in the order of rounds.
#[derive(Default)]
pub(super) struct Throughput(pub(super) Vec<(Contender, Vec<Measurement>)>);

pub(super) async fn run(stage: &Stage) -> anyhow::Result<Throughput> {
    let mut runs: Vec<_> = Contender::ALL
        .into_iter()
        .map(|contender| (contender, Vec::new()))
        .collect();
    for round in 1..=stage.rounds {
        for (contender, measurements) in &mut runs {
            let run = contender
                .drain(stage, Mix::USUAL, contender.events(stage.quick))
                .await?;
            let (name, rate) = (contender.name(), run.events_per_second());
            progress(format_args!(
                "round {round} of {}: {name}, {rate:.0} events/s",
                stage.rounds
            ));
            measurements.push(run);
        }
    }
    Ok(Throughput(runs))
}

impl Throughput {
    fn rates(&self, contender: Contender) -> impl Iterator<Item = f64> {
        let runs = self
            .0
            .iter()
            .filter(move |(who, _)| *who == contender)
            .flat_map(|(_, runs)| runs);
        runs.map(Measurement::events_per_second)
    }

    /// Events per second, the median of its runs if there were any.
    pub(super) fn rate(&self, contender: Contender) -> Option<f64> {
        let rate = median(self.rates(contender));
        rate.is_finite().then_some(rate)
    }

    /// How many times faster ours is.
    pub(super) fn ratio_to(&self, other: Contender) -> Ratio {
        ratio::of_pairs(self.rates(Contender::Ours).zip(self.rates(other)))
    }
}
