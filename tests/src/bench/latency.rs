//! How long an event takes from its producer to its commit, at a steady load that is half of what the contender can
//! do (and at most what ours is asked for).

pub(super) mod histogram;
pub(super) mod pace;

use std::time::Duration;

use histogram::Histogram;

use super::contender::Contender;
use super::stage::{Mix, Schema, Stage};
use super::throughput::Throughput;
use super::{outside, progress};
use crate::ours::{Plimsoll, Settings};

/// Events per second that ours is measured at.
const STEADY_RATE: f64 = 5_000.0;

/// The share of the time in which plans and caches settle; not counted. The other contenders leave out as many of
/// their own events.
pub(super) const WARM_UP_SHARE: u32 = 3;

/// A broker that has just started compiles the code of small requests on the way, on the processors of everybody: for
/// its first quarter of a minute under this load, nearly all of the latency is that. Not counted for anybody.
const WARM_UP: Duration = Duration::from_secs(15);

/// The histogram that the service keeps of its own events.
pub(super) const METRIC: &str = "plimsoll_event_age_seconds";

/// Milliseconds from a record's timestamp to its commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steady {
    pub(super) contender: Contender,
    pub(super) rate: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

pub(super) async fn run(stage: &Stage, throughput: &Throughput) -> anyhow::Result<Vec<Steady>> {
    let lasting = Duration::from_secs(if stage.quick { 9 } else { 45 });
    progress("warming the servers up for small requests");
    ours(stage, WARM_UP).await?;
    let mut steady = vec![ours(stage, lasting).await?];
    for contender in [Contender::CarelessShared, Contender::Plain] {
        if let Some(rate) = throughput.rate(contender) {
            steady.push(other(stage, contender, (rate / 2.0).min(STEADY_RATE), lasting).await?);
        }
    }
    for one in &steady {
        let name = one.contender.name();
        progress(format_args!(
            "{name} at {:.0}/s: p50 {:.1} ms, p99 {:.1} ms",
            one.rate, one.p50_ms, one.p99_ms
        ));
    }
    Ok(steady)
}

async fn ours(stage: &Stage, lasting: Duration) -> anyhow::Result<Steady> {
    let topic = stage.empty_topic().await?;
    let database = stage.database(Schema::Ours, Mix::USUAL.skus).await?;
    let plimsoll = Plimsoll::start_ready(&Settings::new(&database, &stage.bootstrap(), &topic))?;
    let producer = pace::start(stage, Mix::USUAL, &topic, STEADY_RATE, lasting);
    tokio::time::sleep(pace::HEAD_START + lasting / WARM_UP_SHARE).await;
    let before = Histogram::read(METRIC, "", &plimsoll.get("/metrics")?)?;
    producer.await??;
    let ages = Histogram::read(METRIC, "", &plimsoll.get("/metrics")?)?.since(&before);
    plimsoll.stop()?;
    stage.drop_database(&database).await?;
    let (p50_ms, p99_ms) = (ages.quantile(0.50) * 1e3, ages.quantile(0.99) * 1e3);
    Ok(Steady {
        contender: Contender::Ours,
        rate: STEADY_RATE,
        p50_ms,
        p99_ms,
    })
}

async fn other(
    stage: &Stage,
    contender: Contender,
    rate: f64,
    lasting: Duration,
) -> anyhow::Result<Steady> {
    let topic = stage.empty_topic().await?;
    let database = stage.database(Schema::Others, Mix::USUAL.skus).await?;
    let events = pace::events(rate, lasting);
    let consumer = outside::start(stage, contender, &topic, &database, events)?;
    pace::start(stage, Mix::USUAL, &topic, rate, lasting).await??;
    let latency = tokio::task::spawn_blocking(|| outside::finish(consumer))
        .await??
        .latency;
    stage.drop_database(&database).await?;
    Ok(Steady {
        contender,
        rate,
        p50_ms: latency.p50_ms as f64,
        p99_ms: latency.p99_ms as f64,
    })
}
