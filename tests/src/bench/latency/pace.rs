//! A producer that keeps time.

use std::time::{Duration, Instant};

use plimsoll_sandbox::workload::{Log, Sender};
use tokio::task::JoinHandle;

use crate::bench::stage::{Mix, Stage};

/// Records wait at most this long for others: their own latency is measured.
const LINGER: Duration = Duration::from_millis(1);

/// Before the clock starts, one record goes ahead alone, and everybody's connections open: that takes a client's first
/// record up to a second.
pub(in crate::bench) const HEAD_START: Duration = Duration::from_secs(2);

/// How many records a rate makes in a while.
pub(in crate::bench) fn events(rate: f64, lasting: Duration) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count of events is small and positive"
    )]
    let events = (rate * lasting.as_secs_f64()) as u64;
    events
}

/// The millisecond in which record number `due` is sent: a producer that wakes for each record takes a quarter of a
/// processor from those who are measured.
fn tick(due: u64, rate: f64) -> Duration {
    let exact = Duration::from_secs_f64(due as f64 / rate);
    exact - Duration::from_nanos(u64::from(exact.subsec_nanos() % 1_000_000))
}

/// Sends so many records a second, evenly, after the head start, and ends when all are acknowledged.
pub(in crate::bench) fn start(
    stage: &Stage,
    mix: Mix,
    topic: &str,
    rate: f64,
    lasting: Duration,
) -> JoinHandle<anyhow::Result<()>> {
    let (bootstrap, topic) = (stage.bootstrap(), topic.to_owned());
    let mut traffic = stage.traffic(mix);
    tokio::task::spawn_blocking(move || {
        let mut sender = Sender::connect(&bootstrap, &topic, LINGER, Log::new(0))?;
        sender.send(traffic.next())?;
        std::thread::sleep(HEAD_START);
        let start = Instant::now();
        for (due, record) in (1..events(rate, lasting)).zip(traffic) {
            let due = start + tick(due, rate);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            sender.offer(&record)?;
        }
        sender.settle()?;
        Ok(())
    })
}
