//! Events of a SKU that has no product.

use anyhow::Result;
use expect_test::expect;
use plimsoll_domain::OnUnknownSku;

use crate::world::{World, adjust, eventually};

const LEDGER: &str = "
    SELECT sku, version, kind, quantity_change, stock_after, partition, record_offset
    FROM ledger ORDER BY sku, version";

#[tokio::test(flavor = "multi_thread")]
async fn events_wait_for_their_product_and_are_released_in_order_when_it_comes() -> Result<()> {
    let mut world = World::new(2).await?;
    let running = world.run();
    world.send(0, [adjust("new", -1), adjust("new", 2)])?;
    world.caught_up().await?;
    world.send(1, [adjust("new", -3)])?;
    world.caught_up().await?;
    world.send(0, [adjust("new", 4)])?;
    world.caught_up().await?;
    expect![[r#"
        (new,unknown_sku,0,0)
        (new,behind,0,1)
        (new,behind,1,0)
        (new,behind,0,2)"#]]
    .assert_eq(
        &world
            .rows("SELECT sku, code, partition, record_offset FROM parked ORDER BY number")
            .await?,
    );
    world.product("new", 1).await?;
    world.until("SELECT count(*) FROM parked", 0).await?;
    world.finish(running).await?;
    expect![[r#"
        (new,0,opening,0,1,,)
        (new,1,adjust,-1,0,0,0)
        (new,2,adjust,2,2,0,1)
        (new,3,adjust,4,6,0,2)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    // Refused when it was replayed, because it came third.
    world
        .until(
            "SELECT stock_seen FROM refusals WHERE code = 'below_floor'",
            2,
        )
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_overtakes_parked_events_while_their_product_comes() -> Result<()> {
    let mut world = World::new(2).await?;
    let running = world.run();
    let skus = (0..20).map(|n| format!("SKU{n}"));
    let one_of_each = |change| skus.clone().map(move |sku| adjust(&sku, change));
    world.send(0, one_of_each(1).chain(one_of_each(2)))?;
    world.caught_up().await?;
    world.products(20, 0).await?;
    for change in 3..40 {
        world.send(0, one_of_each(change))?;
    }
    world.caught_up().await?;
    world.until("SELECT count(*) FROM parked", 0).await?;
    world
        .until(
            "SELECT count(*) FROM products WHERE current_stock = 39 * 40 / 2",
            20,
        )
        .await?;
    world.finish(running).await
}

/// Somebody who lets only some products be changed.
const OBJECTION: &str = "
    CREATE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
    CREATE TRIGGER objection BEFORE UPDATE ON products
    FOR EACH ROW WHEN (NEW.sku LIKE 'SKU%') EXECUTE FUNCTION object()";

#[tokio::test(flavor = "multi_thread")]
async fn products_that_cannot_be_changed_keep_no_other_from_its_release() -> Result<()> {
    let mut world = World::new(1).await?;
    let running = world.run();
    // More than are looked at in one round, and one that comes after all of them.
    let skus = (0..120).map(|n| format!("SKU{n}"));
    let skus = skus.chain(["Z".to_owned()]);
    world.send(0, skus.map(|sku| adjust(&sku, 1)))?;
    world.caught_up().await?;
    world.sql(OBJECTION).await?;
    world.products(120, 0).await?;
    world.product("Z", 0).await?;
    world
        .until("SELECT count(*) FROM parked WHERE sku = 'Z'", 0)
        .await?;
    let held = || running.metric("plimsoll_held_skus");
    eventually("the others are counted", || held() == 120.0).await?;
    world.sql("DROP TRIGGER objection ON products").await?;
    world.until("SELECT count(*) FROM parked", 0).await?;
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_sku_is_refused_when_it_is_configured_so() -> Result<()> {
    let mut world = World::new(1).await?;
    world.settings.policy.unknown_sku = OnUnknownSku::Reject;
    let running = world.run();
    world.send(0, [adjust("new", 1).id("x"), adjust("new", 1).id("x")])?;
    world.caught_up().await?;
    world.product("new", 1).await?;
    world.send(0, [adjust("new", 1).id("x"), adjust("new", 1).id("y")])?;
    world.finish(running).await?;
    expect![[r#"
        (0,new,unknown_sku,unknown_sku)
        (1,new,duplicate,duplicate)
        (2,new,duplicate,duplicate)"#]]
    .assert_eq(
        &world
            .rows("SELECT record_offset, sku, outcome, code FROM refusals ORDER BY 1")
            .await?,
    );
    expect![[r#"
        (new,0,opening,0,1,,)
        (new,1,adjust,1,2,0,3)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_sku_becomes_an_empty_product_when_it_is_configured_so() -> Result<()> {
    let mut world = World::new(1).await?;
    world.settings.policy.unknown_sku = OnUnknownSku::Create;
    world.settings.policy.floor_default = -2;
    world.send(
        0,
        [adjust("new", -2), adjust("new", -1), adjust("other", 5)],
    )?;
    world.finish(world.run()).await?;
    expect![[r#"
        (new,0,opening,0,0,,)
        (new,1,adjust,-2,-2,0,0)
        (other,0,opening,0,0,,)
        (other,1,adjust,5,5,0,2)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    expect![[r#"
        (new,-2)
        (other,-2)"#]]
    .assert_eq(
        &world
            .rows("SELECT sku, stock_floor FROM products ORDER BY sku")
            .await?,
    );
    Ok(())
}
