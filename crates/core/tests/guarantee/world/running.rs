//! A consumer that runs.

use std::sync::Arc;

use anyhow::{Context, Result};
use plimsoll_core::{Error, Settings, Watch};
use plimsoll_telemetry::{Metrics, Traces};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::LIMIT;

pub(crate) struct Running {
    pub(crate) watch: Arc<Watch>,
    metrics: Arc<Metrics>,
    stop: watch::Sender<bool>,
    task: JoinHandle<Result<(), Error>>,
}

impl Running {
    pub(crate) fn start(settings: Settings) -> Running {
        let (watch, metrics) = (Arc::new(Watch::default()), Arc::new(Metrics::new()));
        let (stop, stopped) = watch::channel(false);
        let run = plimsoll_core::run(
            settings,
            Arc::clone(&watch),
            Arc::clone(&metrics),
            Arc::new(Traces::off()),
            stopped,
        );
        Running {
            watch,
            metrics,
            stop,
            task: tokio::spawn(run),
        }
    }

    /// Stops it and waits until it has drained.
    pub(crate) async fn stop(self) -> Result<()> {
        self.stop.send(true).ok().context("it has ended already")?;
        let ended = timeout(LIMIT, self.task).await;
        Ok(ended.context("it does not end")???)
    }

    /// The names and labels of all series that a scraper would store.
    pub(crate) fn series(&self) -> Vec<String> {
        let text = self.metrics.text();
        let series = text.lines().filter_map(|line| line.rsplit_once(' '));
        let series = series.map(|(series, _)| series.to_owned());
        series.filter(|it| !it.starts_with('#')).collect()
    }

    /// The sum of all series whose text begins with `series`: a name, or a name with labels.
    pub(crate) fn metric(&self, series: &str) -> f64 {
        self.metric_with(series, "")
    }

    /// The same, of those that have this label, too.
    pub(crate) fn metric_with(&self, series: &str, label: &str) -> f64 {
        let text = self.metrics.text();
        let samples = text
            .lines()
            .filter(|line| line.starts_with(series) && line.contains(label));
        let values = samples.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok());
        values.sum()
    }
}
