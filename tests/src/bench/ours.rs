//! A run of Plimsoll, watched through the positions in its database.

use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sea_orm::sqlx::{self, Connection, PgConnection};

use super::measurement::Measurement;
use super::stage::Stage;
use crate::history;
use crate::ours::{Plimsoll, Settings};
use crate::races::process;

/// How often positions are looked at: a look costs PostgreSQL less than 0.1 ms.
const PACE: Duration = Duration::from_millis(20);

/// Beyond this a drain is stuck.
const PATIENCE: Duration = Duration::from_secs(300);

/// Drains a topic whose offsets are dense. Counted is from the first commit that is seen to the last one, so that
/// neither start-up nor the broker's rebalance is in the rate.
pub(super) async fn drain(
    stage: &Stage,
    topic: &str,
    database: &str,
    events: u64,
) -> anyhow::Result<Measurement> {
    let started = Instant::now();
    let plimsoll = Plimsoll::start(&Settings::new(database, &stage.bootstrap(), topic))?;
    measure(stage, plimsoll, database, events, started).await
}

/// Watches it apply the first `events` after the history of its database, and ends it.
pub(super) async fn measure(
    stage: &Stage,
    mut plimsoll: Plimsoll,
    database: &str,
    events: u64,
    started: Instant,
) -> anyhow::Result<Measurement> {
    let run = watch(stage, &mut plimsoll, database, events, started).await?;
    plimsoll.stop()?;
    Ok(run)
}

/// The same, and goes on.
pub(super) async fn watch(
    stage: &Stage,
    plimsoll: &mut Plimsoll,
    database: &str,
    events: u64,
    started: Instant,
) -> anyhow::Result<Measurement> {
    let mut watch = Watch {
        stage,
        connection: PgConnection::connect(database).await?,
        pid: plimsoll.pid(),
    };
    let first = watch.until(plimsoll, 1).await?;
    let last = watch.until(plimsoll, events).await?;
    ensure!(
        last.applied > first.applied,
        "too few events to see them come"
    );
    let peak_bytes = process::peak_bytes(plimsoll.pid())?;
    Ok(Measurement {
        events: last.applied - first.applied,
        elapsed: last.at - first.at,
        service_cpu: last.service_cpu - first.service_cpu,
        server_cpu: last.server_cpu.saturating_sub(first.server_cpu),
        wal_bytes: last.wal_bytes - first.wal_bytes,
        peak_bytes,
        first_commit: Some(first.at - started),
    })
}

/// Everything at one moment.
struct Sight {
    at: Instant,
    applied: u64,
    wal_bytes: u64,
    service_cpu: Duration,
    server_cpu: Duration,
}

struct Watch<'s> {
    stage: &'s Stage,
    connection: PgConnection,
    pid: u32,
}

impl Watch<'_> {
    async fn until(&mut self, plimsoll: &mut Plimsoll, applied: u64) -> anyhow::Result<Sight> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let sight = self.look().await?;
            if sight.applied >= applied {
                return Ok(sight);
            }
            plimsoll.ensure_running()?;
            ensure!(
                Instant::now() < deadline,
                "{} events after {PATIENCE:?}:\n{}",
                sight.applied,
                plimsoll.log_tail()
            );
            tokio::time::sleep(PACE).await;
        }
    }

    async fn look(&mut self) -> anyhow::Result<Sight> {
        let look = "SELECT coalesce(sum(next_offset), 0)::bigint, (pg_current_wal_insert_lsn() - '0/0')::bigint
                    FROM positions WHERE topic <> $1";
        let (applied, wal): (i64, i64) = sqlx::query_as(look)
            .bind(history::TOPIC)
            .fetch_one(&mut self.connection)
            .await
            .context("looking at positions")?;
        Ok(Sight {
            at: Instant::now(),
            applied: u64::try_from(applied)?,
            wal_bytes: u64::try_from(wal)?,
            service_cpu: process::cpu(self.pid)?,
            server_cpu: self.stage.cluster.server_cpu(),
        })
    }
}
