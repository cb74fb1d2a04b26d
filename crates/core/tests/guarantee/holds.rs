//! Facts that cannot be applied yet, and everything of their SKU behind them.

use anyhow::Result;
use expect_test::expect;
use plimsoll_core::release::{self, By, Filter, Released};

use crate::world::{Running, World, adjust};

const PARKED: &str =
    "SELECT sku, code, partition, record_offset, stock_seen FROM parked ORDER BY number";
const LEDGER: &str = "
    SELECT version, quantity_change, stock_after, partition, record_offset
    FROM ledger WHERE sku = 'A' AND kind <> 'opening' ORDER BY version";

/// A fact waits at the head of A, three events behind it, two of them in the other partition.
async fn held() -> Result<(World, Running)> {
    let mut world = World::new(2).await?;
    world.product("A", 3).await?;
    world.product("B", 3).await?;
    let running = world.run();
    world.send(0, [adjust("A", -1), adjust("A", -5).fact()])?;
    world.caught_up().await?;
    world.send(1, [adjust("A", 1), adjust("B", 1), adjust("A", -6).fact()])?;
    world.caught_up().await?;
    world.send(0, [adjust("A", 4)])?;
    world.caught_up().await?;
    Ok((world, running))
}

impl World {
    /// What `plimsoll products set-floor` does.
    pub(crate) async fn set_floor(&self, sku: &str, floor: i64) -> Result<()> {
        self.sql(&format!(
            "UPDATE products SET stock_floor = {floor}, decisions = decisions + 1 WHERE sku = '{sku}'"
        ))
        .await
    }

    pub(crate) async fn release(&self, filter: Filter) -> Result<Released> {
        self.release_by(By::Rules, filter).await
    }

    pub(crate) async fn release_by(&self, by: By, filter: Filter) -> Result<Released> {
        let settings = &self.settings;
        let mut progress = |_| {};
        let released = release::release(
            &settings.database,
            &settings.policy,
            settings.id_window,
            &settings.rules,
            &filter,
            by,
            &mut progress,
        );
        Ok(released.await?)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_below_the_floor_waits_and_so_does_all_that_follows_it() -> Result<()> {
    let (world, running) = held().await?;
    expect![[r#"
        (A,below_floor,0,1,2)
        (A,behind,1,0,2)
        (A,behind,1,2,2)
        (A,behind,0,2,2)"#]]
    .assert_eq(&world.rows(PARKED).await?);
    world
        .until("SELECT current_stock FROM products WHERE sku = 'B'", 4)
        .await?;
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_replays_in_order_while_events_flow() -> Result<()> {
    let (mut world, running) = held().await?;
    world.set_floor("A", -10).await?;
    let released = world.release(Filter::default()).await?;
    assert_eq!(
        (released.skus, released.events, released.remaining),
        (1, 4, 0)
    );
    world.send(1, [adjust("A", -4)])?;
    world.caught_up().await?;
    expect![[r#"
        (1,-1,2,0,0)
        (2,-5,-3,0,1)
        (3,1,-2,1,0)
        (4,-6,-8,1,2)
        (5,4,-4,0,2)
        (6,-4,-8,1,3)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_stops_at_the_first_that_must_wait_again_and_keeps_the_rest() -> Result<()> {
    let (mut world, running) = held().await?;
    let untouched = world.release(Filter::default()).await?;
    assert_eq!((untouched.events, untouched.remaining), (0, 4));
    world.set_floor("A", -5).await?;
    let below_floor = Filter {
        code: Some("below_floor".to_owned()),
        ..Filter::default()
    };
    let released = world.release(below_floor.clone()).await?;
    assert_eq!((released.events, released.remaining), (2, 2));
    expect![[r#"
        (A,below_floor,1,2,-2)
        (A,behind,0,2,2)"#]]
    .assert_eq(&world.rows(PARKED).await?);
    world.send(0, [adjust("A", 1)])?;
    world.caught_up().await?;
    world.set_floor("A", -8).await?;
    assert_eq!(world.release(below_floor).await?.remaining, 0);
    expect![[r#"
        (1,-1,2,0,0)
        (2,-5,-3,0,1)
        (3,1,-2,1,0)
        (4,-6,-8,1,2)
        (5,4,-4,0,2)
        (6,1,-3,0,3)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_may_refuse_what_is_parked_and_the_sku_goes_on() -> Result<()> {
    let (mut world, running) = held().await?;
    world.send(1, [adjust("new", 1)])?;
    world.caught_up().await?;
    let of_a = Filter {
        sku: Some("A".to_owned()),
        ..Filter::default()
    };
    let database = &world.settings.database;
    assert_eq!(release::reject(database, &of_a, "the operator").await?, 4);
    assert_eq!(release::reject(database, &of_a, "the operator").await?, 0);
    world.send(0, [adjust("A", 7)])?;
    world.caught_up().await?;
    expect![[r#"
        (A,rejected,rejected_by_operator,"the operator",0,1)
        (A,rejected,rejected_by_operator,"the operator",1,0)
        (A,rejected,rejected_by_operator,"the operator",1,2)
        (A,rejected,rejected_by_operator,"the operator",0,2)"#]]
    .assert_eq(
        &world
            .rows("SELECT sku, outcome, code, detail, partition, record_offset FROM refusals")
            .await?,
    );
    world
        .until("SELECT current_stock FROM products WHERE sku = 'A'", 9)
        .await?;
    expect!["(new,unknown_sku,1,3,)"].assert_eq(&world.rows(PARKED).await?);
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_comes_too_empty_holds_its_events_for_that_reason() -> Result<()> {
    let mut world = World::new(1).await?;
    let running = world.run();
    world.send(0, [adjust("A", 1), adjust("A", -5).fact(), adjust("A", 9)])?;
    world.caught_up().await?;
    world.product("A", 0).await?;
    world.until("SELECT count(*) FROM parked", 2).await?;
    expect![[r#"
        (A,below_floor,0,1,1)
        (A,behind,0,2,)"#]]
    .assert_eq(&world.rows(PARKED).await?);
    world.set_floor("A", -5).await?;
    world.release(Filter::default()).await?;
    world.until("SELECT current_stock FROM products", 5).await?;
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_takes_no_more_bytes_at_once_than_memory_should_hold() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    let running = world.run();
    world.send(0, [adjust("A", -5).fact()])?;
    world.send(0, (0..19).map(|_| adjust("A", 1)))?;
    world.caught_up().await?;
    // Each of them 1 MiB, as large as a value may be.
    world
        .sql("UPDATE plimsoll_internal.parked_events SET payload = decode(repeat('20', 1 << 20), 'hex')")
        .await?;
    world.set_floor("A", -5).await?;
    let released = world.release(Filter::default()).await?;
    assert_eq!((released.events, released.remaining), (20, 0));
    // Lines of one transaction have one time.
    expect![[r#"
        (8,1,8)
        (8,9,16)
        (4,17,20)"#]]
    .assert_eq(
        &world
            .rows("SELECT count(*), min(version), max(version) FROM ledger WHERE kind = 'adjust' GROUP BY recorded_at ORDER BY 2")
            .await?,
    );
    world.finish(running).await
}
