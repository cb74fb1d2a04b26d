//! What the database alone allows: the events of a topic, read and decoded before the clock starts, applied with
//! Plimsoll's own statements on as many connections. The one part of these tests that knows Plimsoll from inside.

use std::time::{Duration, Instant};

use plimsoll_core::limit::{Input, Ready, Settings};
use plimsoll_core::{database, limit};
use plimsoll_domain::{Limits, OnUnknownSku, Policy};

use crate::checker::Topic;
use crate::races::{Job, Latency, Report, process};

/// As the service does unless told otherwise.
const LANES: usize = 2;
const BATCH_RECORDS_MAX: usize = 5_000;
const ID_WINDOW: Duration = Duration::from_secs(7 * 86_400);

pub(super) async fn consume(job: &Job) -> anyhow::Result<Report> {
    let records = tokio::task::block_in_place(|| read(job))?;
    let ready = Ready::prepare(&settings(job), records).await?;
    let cpu_before = process::cpu(std::process::id())?;
    let started = Instant::now();
    ready.apply().await?;
    let elapsed = started.elapsed();
    Ok(Report {
        events: job.events,
        elapsed,
        cpu: process::cpu(std::process::id())?.saturating_sub(cpu_before),
        latency: Latency::default(),
        peak_bytes: process::peak_bytes(std::process::id())?,
    })
}

fn settings(job: &Job) -> limit::Settings {
    Settings {
        database: database::Settings {
            url: job.database_url.clone(),
            relaxed: false,
        },
        policy: Policy {
            unknown_sku: OnUnknownSku::Park,
            floor_default: 0,
            limits: Limits::default(),
        },
        id_window: ID_WINDOW,
        topic: job.topic.clone(),
        lanes: LANES,
        batch_records_max: BATCH_RECORDS_MAX,
    }
}

/// All records, in the order they were produced in.
fn read(job: &Job) -> anyhow::Result<Vec<Input>> {
    let mut topic = Topic::open(&job.bootstrap, &job.topic)?;
    let mut records = Vec::new();
    for partition in 0..topic.partitions()? {
        for record in topic.log(partition)? {
            let record = record?;
            records.push(Input {
                partition,
                offset: record.offset,
                timestamp_ms: record.timestamp_ms,
                value: record.value.unwrap_or_default(),
            });
        }
    }
    records.sort_by_key(|record| record.timestamp_ms);
    Ok(records)
}
