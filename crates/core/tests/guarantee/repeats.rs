//! The same event again: in its batch, later, from another partition, after a restart.

use anyhow::Result;
use expect_test::expect;
use plimsoll_sandbox::workload::{Shape, Traffic};

use crate::world::{World, adjust, count};

const REFUSALS: &str = "SELECT partition, record_offset, outcome, code FROM refusals ORDER BY partition, record_offset";
const STOCK: &str = "SELECT current_stock FROM products WHERE sku = 'A'";

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_a_duplicate_in_whichever_batch_or_partition_it_comes() -> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 10).await?;
    let running = world.run();
    let event = || adjust("A", 1).id("order 1");
    world.send(0, [event(), event()])?;
    world.caught_up().await?;
    world.send(1, [event()])?;
    world.caught_up().await?;
    world.send(0, [event(), adjust("A", 1).id("order 2")])?;
    world.send(1, [adjust("A", 1).id("order 2"), event()])?;
    world.finish(running).await?;
    world.until(STOCK, 12).await?;
    world
        .until(
            "SELECT count(*) FROM refusals WHERE outcome = 'duplicate'",
            5,
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn repeats_after_a_restart_are_found_by_the_ledger_itself() -> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 10).await?;
    world.product("B", 10).await?;
    let events = || {
        let ids = 0..50;
        ids.flat_map(|n| ["A", "B"].map(|sku| adjust(sku, 1).id(&n.to_string())))
    };
    world.send(0, events())?;
    world.finish(world.run()).await?;
    let running = world.run_again();
    world.send(1, events())?;
    world.send(1, [adjust("A", 1).id("new")])?;
    world.caught_up().await?;
    assert!(running.metric(r#"plimsoll_retries_total{reason="duplicates"}"#) > 0.0);
    world.finish(running).await?;
    world.until(STOCK, 61).await?;
    world
        .until(
            "SELECT count(*) FROM refusals WHERE outcome = 'duplicate'",
            100,
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_is_a_duplicate_though_its_first_copy_left_no_room_for_it() -> Result<()> {
    let mut world = World::new(2).await?;
    for sku in ["A", "B", "C", "D"] {
        world.product(sku, 5).await?;
    }
    let events = || {
        [
            adjust("A", -4).id("x"),
            adjust("B", -4).id("x").fact(),
            adjust("C", -4).id("x").expecting(0),
            adjust("D", -1).id("x"),
        ]
    };
    world.send(0, events())?;
    world.send(0, [adjust("D", -9).fact()])?;
    world.finish(world.run()).await?;
    // A process that has not seen the first copies, as another consumer has not.
    let running = world.run_again();
    world.send(1, events())?;
    world.finish(running).await?;
    expect![[r#"
        (1,0,duplicate,duplicate)
        (1,1,duplicate,duplicate)
        (1,2,duplicate,duplicate)
        (1,3,duplicate,duplicate)"#]]
    .assert_eq(&world.rows(REFUSALS).await?);
    world.until("SELECT count(*) FROM parked", 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_topic_replayed_under_another_name_changes_nothing() -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(50, 5).await?;
    let traffic = || {
        Traffic::new(
            Shape {
                skus: 50,
                ..Shape::default()
            },
            1,
        )
        .take(2_000)
    };
    world.send_all(traffic())?;
    let running = world.run();
    world.caught_up().await?;
    let before = world
        .rows("SELECT sku, current_stock, version FROM products ORDER BY id")
        .await?;
    world.send_all(traffic())?;
    world.finish(running).await?;
    let after = world
        .rows("SELECT sku, current_stock, version FROM products ORDER BY id")
        .await?;
    assert_eq!(before, after);
    world
        .until(
            "SELECT count(*) FROM refusals WHERE outcome = 'duplicate'",
            2_000,
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_comes_with_other_words_is_a_conflict() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    world.product("B", 10).await?;
    let running = world.run();
    world.send(0, [adjust("A", 1).id("x"), adjust("A", 2).id("x")])?;
    world.caught_up().await?;
    // Only the first copy answers for the identity, and only for its SKU.
    world.send(
        0,
        [
            count("A", 1).id("x"),
            adjust("A", 2).id("x"),
            adjust("A", 1).id("x"),
            adjust("B", 2).id("x"),
        ],
    )?;
    world.finish(running).await?;
    expect![[r#"
        (0,1,rejected,event_id_conflict)
        (0,2,rejected,event_id_conflict)
        (0,3,rejected,event_id_conflict)
        (0,4,duplicate,duplicate)"#]]
    .assert_eq(&world.rows(REFUSALS).await?);
    world.until(STOCK, 11).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_a_refused_event_is_a_duplicate_though_it_would_fit_by_now() -> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 1).await?;
    world.send(0, [adjust("A", -5).id("x"), adjust("A", 9)])?;
    world.finish(world.run()).await?;
    let running = world.run_again();
    world.send(1, [adjust("A", -5).id("x")])?;
    world.finish(running).await?;
    expect![[r#"
        (0,0,rejected,below_floor)
        (1,0,duplicate,duplicate)"#]]
    .assert_eq(&world.rows(REFUSALS).await?);
    world.until(STOCK, 10).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_of_a_parked_event_is_a_duplicate_at_once() -> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 1).await?;
    let running = world.run();
    world.send(0, [adjust("A", -5).id("x").fact(), adjust("A", 2).id("y")])?;
    world.send(0, [adjust("new", 2).id("x")])?;
    world.caught_up().await?;
    world.send(1, [adjust("A", -5).id("x").fact(), adjust("A", 2).id("y")])?;
    world.send(1, [adjust("new", 2).id("x"), adjust("new", 2).id("x")])?;
    world.finish(running).await?;
    expect![[r#"
        (1,0,duplicate,duplicate)
        (1,1,duplicate,duplicate)
        (1,2,duplicate,duplicate)
        (1,3,duplicate,duplicate)"#]]
    .assert_eq(&world.rows(REFUSALS).await?);
    world.until("SELECT count(*) FROM parked", 3).await
}
