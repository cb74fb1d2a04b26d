//! The database goes away in the middle of work.

use anyhow::Result;
use plimsoll_sandbox::workload::{Ids, Shape, Traffic};

use crate::world::{World, eventually};

const RECORDS: usize = 6_000;

/// Without identities: only the position keeps an event from being applied twice.
fn traffic() -> impl Iterator<Item = plimsoll_sandbox::workload::Produced> {
    let shape = Shape {
        skus: 20,
        keyed: false,
        ids: Ids::None,
        ..Shape::default()
    };
    Traffic::new(shape, 7).take(RECORDS)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_under_load_loses_nothing_and_repeats_nothing() -> Result<()> {
    let mut world = World::with_own_server(4).await?;
    world.products(20, 100_000).await?;
    world.settings.batch_records_max = 20;
    world.send_all(traffic())?;
    let running = world.run();
    for crash in 1..=3 {
        eventually("work is going on", || {
            running.watch.records_applied() > 500 * crash
        })
        .await?;
        let server = world.server.as_mut().expect("its own server");
        tokio::task::block_in_place(|| {
            server.stop_immediate()?;
            server.start_again()
        })?;
    }
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_killed_again_and_again_lose_nothing_and_repeat_nothing() -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(20, 100_000).await?;
    world.settings.batch_records_max = 20;
    world.send_all(traffic())?;
    let running = world.run();
    for kill in 1..=10 {
        eventually("work is going on", || {
            running.watch.records_applied() > 200 * kill
        })
        .await?;
        world
            .rows(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name LIKE 'plimsoll/%'",
            )
            .await?;
    }
    world.finish(running).await
}
