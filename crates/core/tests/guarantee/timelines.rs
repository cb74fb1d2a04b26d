//! The database goes back, as after a fail-over to a replica that lagged: what it forgot is done
//! by hand here, while a consumer runs that still knows it. Found by the simulation first.

use anyhow::Result;
use expect_test::expect;
use plimsoll_domain::OnUnknownSku;

use crate::world::{CUT, World, adjust, below, bundle, verdict};

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_answers_for_its_identity_also_once_there_is_a_product() -> Result<()> {
    let mut world = World::new(1).await?;
    world.settings.policy.unknown_sku = OnUnknownSku::Reject;
    let running = world.run();
    world.send(0, [adjust("new", 5).id("x")])?;
    world.caught_up().await?;
    world.product("new", 0).await?;
    // Adopted by another event than the one that comes again.
    world.send(0, [adjust("new", 1).id("y")])?;
    world.caught_up().await?;
    // What the process knows goes with its connections.
    world.rows(CUT).await?;
    world.send(0, [adjust("new", 5).id("x")])?;
    world.finish(running).await?;
    expect![[r#"
        (unknown_sku)
        (duplicate)"#]]
    .assert_eq(
        &world
            .rows("SELECT outcome FROM refusals ORDER BY record_offset")
            .await?,
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_ledger_that_is_forgotten_halts_nobody() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    world.turn_part().await?;
    let running = world.run();
    // Connects, and writes no line.
    world.send(0, [adjust("A", -9)])?;
    world.caught_up().await?;
    world
        .sql(
            "ALTER TABLE plimsoll_internal.lines DETACH PARTITION plimsoll_internal.ledger_2;
             DROP TABLE plimsoll_internal.ledger_2;
             DELETE FROM plimsoll_internal.parts WHERE number = 2;
             UPDATE plimsoll_internal.parts SET closed_at = NULL, closed_id = NULL;
             DROP TRIGGER closed ON plimsoll_internal.ledger_1",
        )
        .await?;
    world.send(0, [adjust("A", 1)])?;
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ruleset_that_is_forgotten_decides_nothing_more() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    // Nobody looks by itself: whoever meets it says so.
    world.settings.rules.look = std::time::Duration::from_secs(86_400);
    let refuses = bundle("refuses", &below(0, &verdict(3, 1)));
    world.enforce(&[refuses]).await?;
    let running = world.run();
    world.send(0, [adjust("A", -2)])?;
    world.caught_up().await?;
    world
        .sql(
            "UPDATE plimsoll_internal.positions SET ruleset_revision = 0;
             DELETE FROM plimsoll_internal.rulesets",
        )
        .await?;
    world.send(0, [adjust("A", -3)])?;
    world.caught_up().await?;
    expect![[r#"
        (-2,1)
        (-3,0)"#]]
    .assert_eq(
        &world
            .rows(
                "SELECT quantity_change, ruleset_revision FROM ledger
                 WHERE kind = 'adjust' ORDER BY record_offset",
            )
            .await?,
    );
    running.stop().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partition_whose_halt_is_forgotten_goes_on() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    let running = world.run();
    world.send(0, [adjust("A", 1).id("x")])?;
    world.caught_up().await?;
    world
        .sql("UPDATE plimsoll_internal.positions SET next_offset = 7")
        .await?;
    world.send(0, [adjust("A", 1).id("y")])?;
    world
        .until("SELECT status FROM positions", "halted")
        .await?;
    world.sql("DELETE FROM plimsoll_internal.positions").await?;
    world.until("SELECT next_offset FROM positions", 2).await?;
    world.until("SELECT current_stock FROM products", 2).await?;
    running.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_position_that_is_forgotten_begins_again_and_counts_nothing_twice() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    let running = world.run();
    world.send(0, [adjust("A", 1).id("x")])?;
    world.caught_up().await?;
    world.sql("DELETE FROM plimsoll_internal.positions").await?;
    world.send(0, [adjust("A", 1).id("y")])?;
    world.until("SELECT next_offset FROM positions", 2).await?;
    world.until("SELECT current_stock FROM products", 2).await?;
    running.stop().await
}
