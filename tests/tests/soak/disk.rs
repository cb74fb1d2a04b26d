//! The disk of the tables is full: the service waits, and goes on by itself once there is room.

use plimsoll_sandbox::disk::Disk;
use plimsoll_sandbox::postgres::Cluster;
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::servers::{broker, sql, topic};
use plimsoll_tests::skipped;

use crate::load::Load;
use crate::scene::{
    SMALL_BATCHES, all_is_applied, ends_well, goes_on, laid_out, mixed, or_quote, start,
};
use std::time::Duration;

const PARTITIONS: i32 = 4;

/// Room for an empty database and some 20,000 lines; then for all that may come.
const SMALL_MEGABYTES: u32 = 24;
const LARGE_MEGABYTES: u32 = 1_024;

const PATIENCE: Duration = Duration::from_secs(60);

/// Attempts of a batch that failed for a reason that passes.
const RETRIES: &str = r#"plimsoll_retries_total{reason="transient"} "#;

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_pauses_consumption_which_resumes_by_itself() {
    let disk = match Disk::mount(SMALL_MEGABYTES) {
        Ok(disk) => disk,
        Err(error) => return skipped(format_args!("{error:#}")),
    };
    let cluster = Cluster::start(&[]).expect("PostgreSQL starts");
    let (bootstrap, shape) = (broker().bootstrap(), mixed(PARTITIONS, true));
    let topic = topic(PARTITIONS).await.expect("a topic");
    let settings = Settings {
        more: SMALL_BATCHES.to_owned(),
        ..Settings::new(&on(&disk, &cluster).await, &bootstrap, &topic)
    };
    let settings = laid_out(settings, &shape).await;
    let mut plimsoll = start(&settings);
    let load = Load::start(&bootstrap, &topic, &shape, 24);
    let stands_still = ours::until(PATIENCE, "the disk is full", async || {
        Ok(retries(&plimsoll).unwrap_or_default() >= 10)
    });
    or_quote(stands_still.await, &[&plimsoll]);
    plimsoll.ensure_running().expect("it waits");
    plimsoll.get("/livez").expect("it lives");

    disk.grow(LARGE_MEGABYTES).expect("there is room again");
    goes_on(&settings, 20_000, &[&plimsoll]).await;
    load.stop();
    all_is_applied(&settings, &[&plimsoll]).await;
    ends_well(&settings, &shape, vec![plimsoll]).await;
}

/// A database whose tables are on this disk; the log of changes is not.
async fn on(disk: &Disk, cluster: &Cluster) -> String {
    let statement = format!(
        "CREATE TABLESPACE small LOCATION '{}'",
        disk.folder().display()
    );
    let tablespace = sql(&cluster.url("postgres"), &statement).await;
    tablespace.expect("a tablespace");
    let database = "CREATE DATABASE small TABLESPACE small";
    let database = sql(&cluster.url("postgres"), database).await;
    database.expect("a database");
    cluster.url("small")
}

fn retries(plimsoll: &Plimsoll) -> Option<u64> {
    let metrics = plimsoll.get("/metrics").ok()?;
    let (_, rest) = metrics.split_once(RETRIES)?;
    rest.lines().next()?.parse().ok()
}
