//! Positions that somebody moved by hand, and logs that do not reach to them.

use anyhow::Result;
use plimsoll_sandbox::topics;

use crate::world::{World, adjust, balances, eventually, produce_and_abort};

const STOCK: &str = "SELECT current_stock FROM products WHERE sku = 'A'";

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_went_back_is_applied_again_from_there_and_ids_absorb_it() -> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 0).await?;
    let running = world.run();
    world.send(0, (0..100).map(|n| adjust("A", 1).id(&n.to_string())))?;
    world.caught_up().await?;
    world
        .sql("UPDATE plimsoll_internal.positions SET next_offset = 40 WHERE partition = 0")
        .await?;
    world
        .until(
            "SELECT count(*) FROM refusals WHERE outcome = 'duplicate'",
            60,
        )
        .await?;
    world.send(0, [adjust("A", 1)])?;
    world.caught_up().await?;
    running.stop().await?;
    world.until(STOCK, 101).await?;
    assert_eq!(balances(&world.db).await?, [""; 0]);
    Ok(())
}

/// The claim has told it the earlier position, and nothing new comes after. Several times, because a
/// mirror that looks between two assignments forgets by itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_group_is_told_again_how_far_a_position_is_that_went_back() -> Result<()> {
    let mut world = World::on_kafka(1).await?;
    world.product("A", 0).await?;
    let running = world.run();
    for round in 0..4 {
        let (from, to) = (round * 60, (round + 1) * 60);
        world.send(0, (from..to).map(|n| adjust("A", 1).id(&n.to_string())))?;
        world.told(0, to).await?;
        world
            .sql(&format!(
                "UPDATE plimsoll_internal.positions SET next_offset = {from}"
            ))
            .await?;
        let repeats = "SELECT count(*) FROM refusals WHERE outcome = 'duplicate'";
        world.until(repeats, to).await?;
        world.told(0, to).await?;
    }
    running.stop().await?;
    world.until(STOCK, 240).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_moved_forward_by_hand_halts_its_partition_and_no_other() -> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 0).await?;
    let running = world.run();
    world.send(0, [1, 2, 3].map(|change| adjust("A", change)))?;
    world.caught_up().await?;
    world
        .sql("UPDATE plimsoll_internal.positions SET next_offset = 4 WHERE partition = 0")
        .await?;
    world.send(0, [4, 5].map(|change| adjust("A", change)))?;
    world
        .until(
            "SELECT halt_reason LIKE 'ahead%' FROM positions WHERE partition = 0",
            true,
        )
        .await?;
    world.send(1, [adjust("A", 10)])?;
    world.until(STOCK, 16).await?;
    assert!(running.metric(r#"plimsoll_partition_halted{partition="0",reason="ahead"}"#) > 0.0);
    world
        .sql("UPDATE plimsoll_internal.positions SET next_offset = 3, status = 'idle', halt_reason = NULL WHERE partition = 0")
        .await?;
    world.until(STOCK, 25).await?;
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn records_deleted_before_they_were_applied_halt_their_partition_and_no_other() -> Result<()>
{
    let mut world = World::on_kafka(2).await?;
    world.product("A", 0).await?;
    world.send(0, [1, 2].map(|change| adjust("A", change)))?;
    world.finish(world.run()).await?;
    world.send(0, [3, 4, 5].map(|change| adjust("A", change)))?;
    let kafka = &world.settings.kafka;
    topics::delete_records_before(&kafka.brokers, &kafka.topic, 0, 4).await?;
    let running = world.run();
    world
        .until(
            "SELECT halt_reason FROM positions WHERE status = 'halted'",
            "retention: records 2 to 3 (2 offsets) were deleted before they were applied",
        )
        .await?;
    let headroom = || running.metric(r#"plimsoll_retention_headroom_records{partition="0"}"#);
    eventually("what is lost is shown", || headroom() == -2.0).await?;
    world.send(1, [adjust("A", 10)])?;
    world.until(STOCK, 13).await?;
    // What an operator's accept-gap does.
    world
        .sql("UPDATE plimsoll_internal.positions SET next_offset = 4, status = 'idle' WHERE status = 'halted'")
        .await?;
    world.until(STOCK, 18).await?;
    running.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn aborted_records_never_count_and_leave_no_lag() -> Result<()> {
    let mut world = World::on_kafka(2).await?;
    world.product("A", 0).await?;
    let running = world.run();
    let events = || [1, 2, 3].map(|change| adjust("A", change));
    world.send(0, events())?;
    produce_and_abort(&world.settings.kafka, 0, events())?;
    world.caught_up().await?;
    world.send(0, events())?;
    produce_and_abort(&world.settings.kafka, 0, events())?;
    produce_and_abort(&world.settings.kafka, 1, events())?;
    world.finish(running).await?;
    world.until(STOCK, 12).await
}

/// It may be another topic by now, whose records are not those that positions are about. The broker in
/// this process gives no ids.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_claimed_while_kafka_does_not_tell_the_id_that_it_once_told() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    world.send(0, [adjust("A", 1)])?;
    let running = world.run();
    world.caught_up().await?;
    running.stop().await?;
    let position = "SELECT owner_epoch, next_offset FROM plimsoll_internal.positions";
    let before = world.rows(position).await?;
    world
        .sql("UPDATE plimsoll_internal.topics SET kafka_id = 'told'")
        .await?;
    world.send(0, [adjust("A", 1)])?;
    let running = world.run_again();
    eventually("it says what it waits for", || {
        let kafka = running.watch.readiness().kafka;
        kafka.is_some_and(|why| why.contains("does not tell the topic's id"))
    })
    .await?;
    assert_eq!(world.rows(position).await?, before);
    world
        .sql("UPDATE plimsoll_internal.topics SET kafka_id = NULL")
        .await?;
    world.finish(running).await
}
