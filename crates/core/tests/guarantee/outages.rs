//! The database goes away in the middle of work, or objects to it.

use std::time::Instant;

use anyhow::Result;
use plimsoll_domain::lane::BACKOFF_MIN;
use plimsoll_sandbox::workload::{Ids, Shape, Traffic};

use crate::world::{CUT, World, adjust, eventually};

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
        world.crash()?;
        world.start_again()?;
    }
    world.finish(running).await
}

/// Nothing is fetched any more once what was fetched ahead is enough, so no fetch tells of what
/// comes after that.
#[tokio::test(flavor = "multi_thread")]
async fn how_much_waits_is_known_while_the_database_is_away() -> Result<()> {
    let mut world = World::with_own_server_on_kafka(1).await?;
    world.product("A", 0).await?;
    let running = world.run();
    world.send(0, [adjust("A", 1)])?;
    world.caught_up().await?;
    world.crash()?;
    let long = "it takes space ".repeat(13);
    let more = |count| (0..count).map(|_| adjust("A", 1).reason(&long));
    world.send(0, more(40_000))?;
    let lag = || running.metric(r#"plimsoll_partition_lag_records{partition="0"}"#);
    eventually("records wait", || lag() > 0.0).await?;
    world.send(0, more(5_000))?;
    eventually("all that wait are counted", || lag() == 45_000.0).await?;
    world.start_again()?;
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
        world.rows(CUT).await?;
    }
    world.finish(running).await
}

/// What the next attempt need not meet again: another isolation level's failure, a deadlock of others, a
/// shutdown, a full disk.
const PASSING: [&str; 4] = ["40001", "40P01", "57P01", "53100"];

/// Raises `state` at the next `times` changes of a product. A sequence counts them, because it
/// does not go back with the transaction.
fn objecting(state: &str, times: u32, when: &str) -> String {
    format!(
        "DROP TRIGGER IF EXISTS objection ON products;
         DROP SEQUENCE IF EXISTS objections;
         CREATE SEQUENCE objections;
         CREATE OR REPLACE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
            IF nextval('objections') <= {times} THEN RAISE EXCEPTION 'no' USING ERRCODE = '{state}'; END IF;
            RETURN NULL;
         END $$;
         CREATE CONSTRAINT TRIGGER objection AFTER UPDATE ON products {when}
         FOR EACH ROW EXECUTE FUNCTION object()"
    )
}

/// Each of the passing reasons in turn.
async fn passes(when: &str) -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(20, 100_000).await?;
    let mut traffic = traffic();
    let running = world.run();
    for (state, all) in PASSING.into_iter().zip(1..) {
        world.sql(&objecting(state, 7, when)).await?;
        world.send_all(traffic.by_ref().take(300))?;
        world.caught_up().await?;
        let retries = || running.metric(r#"plimsoll_retries_total{reason="transient"}"#);
        eventually("each objection is met", || retries() >= f64::from(7 * all)).await?;
    }
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_fails_for_a_passing_reason_is_tried_again() -> Result<()> {
    passes("").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_for_a_passing_reason_is_tried_again() -> Result<()> {
    passes("INITIALLY DEFERRED").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_takes_nothing_is_named_with_its_reason_and_has_rest_between_tries()
-> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    world.sql(&objecting("53100", u32::MAX, "")).await?;
    let running = world.run();
    let started = Instant::now();
    world.send(0, [adjust("A", 1)])?;
    let retries = || running.metric(r#"plimsoll_retries_total{reason="transient"}"#);
    eventually("six tries fail", || retries() >= 6.0).await?;
    assert!(started.elapsed() >= BACKOFF_MIN * (1 + 2 + 4 + 8 + 16));
    let trouble = || running.watch.readiness().database;
    eventually("its reason is told", || {
        trouble().as_deref() == Some("53100 no")
    })
    .await?;
    world.sql("DROP TRIGGER objection ON products").await?;
    world.caught_up().await?;
    eventually("it is in order again", || trouble().is_none()).await?;
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_the_database_refuses_halts_its_partition_and_no_other() -> Result<()> {
    let mut world = World::new(3).await?;
    world.product("A", 0).await?;
    world.product("B", 0).await?;
    world
        .sql("ALTER TABLE plimsoll_internal.ledger_1 ADD CONSTRAINT unlucky CHECK (quantity_change <> 13)")
        .await?;
    for partition in 0..3 {
        world.send(partition, (0..50).map(|_| adjust("A", 1)))?;
    }
    world.send(1, (1..=20).map(|change| adjust("B", change)))?;
    let running = world.run();
    world
        .until(
            "SELECT halt_reason FROM positions WHERE partition = 1",
            "refused: 23514 unlucky",
        )
        .await?;
    world
        .until("SELECT current_stock FROM products WHERE sku = 'A'", 150)
        .await?;
    // All before it is applied, and nothing after it.
    world
        .until("SELECT next_offset FROM positions WHERE partition = 1", 62)
        .await?;
    world.exact().await?;
    world
        .sql("ALTER TABLE plimsoll_internal.ledger_1 DROP CONSTRAINT unlucky;
              UPDATE plimsoll_internal.positions SET status = 'idle', halt_reason = NULL WHERE partition = 1")
        .await?;
    world.finish(running).await?;
    world
        .until("SELECT current_stock FROM products WHERE sku = 'B'", 210)
        .await
}
