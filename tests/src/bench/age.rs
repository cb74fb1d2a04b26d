//! What an event costs Plimsoll when the ledger is old: the same load on ledgers of different length.

use std::time::{Duration, Instant};

use anyhow::ensure;
use plimsoll_sandbox::workload::produce;

use super::contender::Contender;
use super::measurement::Measurement;
use super::stage::{Mix, Schema, Stage};
use super::{ours, progress};
use crate::history;
use crate::ours::{Plimsoll, Settings};
use crate::races::process;

/// A run for each number of lines that the ledger held before, the first of none.
#[derive(Default)]
pub(super) struct Age(pub(super) Vec<(u64, Measurement)>);

const LINES: [u64; 3] = [0, 5_000_000, 20_000_000];

pub(super) async fn run(stage: &Stage) -> anyhow::Result<Age> {
    let mut runs = Vec::new();
    for &lines in if stage.quick { &LINES[..2] } else { &LINES[..] } {
        let run = with_history(stage, lines).await?;
        progress(format_args!(
            "{lines} lines before: {:.1} µs + {:.1} µs, {:.0} bytes of WAL",
            run.service_us(),
            run.server_us(),
            run.wal_bytes_per_event()
        ));
        runs.push((lines, run));
    }
    Ok(Age(runs))
}

impl Age {
    /// How many times the cost on an empty ledger each run had: processor time of both sides, and WAL.
    pub(super) fn growth(&self) -> impl Iterator<Item = (u64, Measurement, f64, f64)> {
        let cpu = |run: &Measurement| run.service_us() + run.server_us();
        let empty = self.0.first().map(|(_, run)| *run);
        self.0.iter().map(move |&(lines, run)| {
            let empty = empty.unwrap_or(run);
            let wal = run.wal_bytes_per_event() / empty.wal_bytes_per_event();
            (lines, run, cpu(&run) / cpu(&empty), wal)
        })
    }
}

async fn with_history(stage: &Stage, lines: u64) -> anyhow::Result<Measurement> {
    let database = stage.database(Schema::Ours, Mix::USUAL.skus).await?;
    progress(format_args!("writing {lines} lines of history"));
    history::write(&database, lines, Mix::USUAL.skus).await?;
    let topic = stage.empty_topic().await?;
    let plimsoll = Plimsoll::start_ready(&Settings::new(&database, &stage.bootstrap(), &topic))?;
    let waited = until_quiet(stage, plimsoll.pid()).await?;
    progress(format_args!(
        "quiet {:.1} s after it was ready",
        waited.as_secs_f64()
    ));
    let events = Contender::Ours.events(stage.quick);
    let (started, records) = (Instant::now(), stage.traffic(Mix::USUAL));
    let (bootstrap, records) = (stage.bootstrap(), records.take(usize::try_from(events)?));
    let producer = tokio::task::spawn_blocking(move || produce(&bootstrap, &topic, records));
    let run = ours::measure(stage, plimsoll, &database, events, started).await?;
    producer.await??;
    stage.drop_database(&database).await?;
    Ok(run)
}

/// While service and database together do less than this much in a second, nothing is being built: after its start,
/// the service builds the filters of the closed parts. Until then it looks every identity up, which is not what an old
/// ledger costs from day to day.
const QUIET: Duration = Duration::from_millis(50);
const LOOK: Duration = Duration::from_secs(1);
const QUIET_LOOKS: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(300);

async fn until_quiet(stage: &Stage, pid: u32) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let spent = || anyhow::Ok(process::cpu(pid)? + stage.cluster.server_cpu());
    let (mut quiet_looks, mut before) = (0, spent()?);
    while quiet_looks < QUIET_LOOKS {
        ensure!(
            started.elapsed() < PATIENCE,
            "busy for {PATIENCE:?} without a record"
        );
        tokio::time::sleep(LOOK).await;
        let now = spent()?;
        quiet_looks = if now.saturating_sub(before) < QUIET {
            quiet_looks + 1
        } else {
            0
        };
        before = now;
    }
    Ok(started.elapsed())
}
