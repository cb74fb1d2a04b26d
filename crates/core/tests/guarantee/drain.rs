//! Stopping with work left to do.

use std::time::{Duration, Instant};

use anyhow::Result;
use plimsoll_sandbox::workload::{Ids, Shape, Traffic};

use crate::world::{World, adjust, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_leaves_the_backlog_to_the_next_start() -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(100, 100_000).await?;
    world.settings.batch_records_max = 10;
    let shape = Shape {
        skus: 100,
        ids: Ids::None,
        ..Shape::default()
    };
    world.send_all(Traffic::new(shape, 8).take(10_000))?;
    let running = world.run();
    eventually("all partitions are at work", || {
        running.watch.readiness().assigned.len() == 4 && running.watch.records_applied() > 200
    })
    .await?;
    let asked = Instant::now();
    running.stop().await?;
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    world
        .until("SELECT sum(next_offset) < 10000 FROM positions", true)
        .await?;
    world
        .until("SELECT DISTINCT status FROM positions", "idle")
        .await?;
    world.exact().await?;
    world.settings.batch_records_max = 1_000;
    let running = world.run_again();
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_no_database_that_is_away() -> Result<()> {
    let mut world = World::with_own_server(1).await?;
    world.product("A", 0).await?;
    let running = world.run();
    world.send(0, [adjust("A", 1)])?;
    world.caught_up().await?;
    world.crash()?;
    world.send(0, [adjust("A", 1)])?;
    let tries = || running.metric(r#"plimsoll_retries_total{reason="unreachable"}"#);
    eventually("two tries fail", || tries() >= 2.0).await?;
    let why = running.watch.readiness().database;
    assert!(why.is_some_and(|why| why.contains("refused")));
    running.stop().await?;
    world.start_again()?;
    let running = world.run_again();
    world.finish(running).await
}
