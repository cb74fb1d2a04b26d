//! Who may write a position: several consumers, and owners that are not any more.

use anyhow::Result;
use plimsoll_sandbox::workload::{Ids, Shape, Traffic};

use crate::world::{CUT, World, adjust, owned};

/// Every SKU in every partition, and no identities that would hide a record applied twice.
fn hot() -> Shape {
    Shape {
        skus: 5,
        keyed: false,
        ids: Ids::None,
        ..Shape::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consumers_of_a_group_that_share_hot_skus_are_exact() -> Result<()> {
    let mut world = World::on_kafka(4).await?;
    world.products(5, 100_000).await?;
    world.settings.batch_records_max = 20;
    let mut traffic = Traffic::new(hot(), 4);
    let first = world.run();
    world.send_all(traffic.by_ref().take(1_000))?;
    owned([&first], [4]).await?;
    world.send_all(traffic.by_ref().take(4_000))?;
    let second = world.run();
    owned([&first, &second], [2, 2]).await?;
    while first.metric("plimsoll_conflicts_total") + second.metric("plimsoll_conflicts_total")
        == 0.0
    {
        world.send_all(traffic.by_ref().take(2_000))?;
        world.caught_up().await?;
    }
    // Repeats race with their first copies in the other consumer.
    let repeats = Shape {
        duplicates: 0.5,
        duplicate_distance_max: 20,
        ids: Ids::Random,
        ..hot()
    };
    world.send_all(Traffic::new(repeats, 4).take(2_000))?;
    world.caught_up().await?;
    first.stop().await?;
    world.finish(second).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_consumers_that_lock_first_do_not_deadlock_over_skus_that_nobody_knows() -> Result<()> {
    let mut world = World::on_kafka(4).await?;
    world.products(5, 100_000).await?;
    world.settings.batch_records_max = 30;
    let (first, second) = (world.run(), world.run());
    owned([&first, &second], [2, 2]).await?;
    // Three conflicts in a row make a consumer lock before it reads.
    let writer = world.restless_writer();
    for round in 0..40 {
        for partition in 0..4 {
            let known = (0..5).map(|sku| adjust(&format!("SKU{sku}"), 1));
            let new = (0..5).map(|sku| adjust(&format!("new {round} {sku}"), 1));
            world.send(partition, known.chain(new))?;
        }
    }
    world.caught_up().await?;
    writer.rest().await?;
    first.stop().await?;
    world.finish(second).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_former_owner_is_refused_by_its_claim_and_goes_on_under_a_new_one() -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(5, 100_000).await?;
    let mut traffic = Traffic::new(hot(), 5);
    let running = world.run();
    let mut fenced = 0.0;
    for _ in 0..5 {
        world.send_all(traffic.by_ref().take(1_000))?;
        world
            .sql("UPDATE plimsoll_internal.positions SET claim = gen_random_uuid() WHERE partition IN (1, 3)")
            .await?;
        world.caught_up().await?;
        fenced = running.metric("plimsoll_fenced_total");
    }
    assert!(fenced > 0.0, "nobody was fenced");
    world.finish(running).await
}

/// Also if the session that it would ask has ended.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_owner_notices_by_itself_that_its_claim_is_gone() -> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 0).await?;
    world.send(0, [adjust("A", 1)])?;
    let running = world.run();
    world.caught_up().await?;
    world.rows(CUT).await?;
    world
        .sql("UPDATE plimsoll_internal.positions SET claim = gen_random_uuid(), owner = 'nobody'")
        .await?;
    world
        .until("SELECT count(*) FROM positions WHERE owner = 'test'", 2)
        .await?;
    world.send(1, [adjust("A", 1)])?;
    world.finish(running).await
}

/// It looks at its position again and again, each time through the same session.
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_owner_keeps_its_session() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    world.send(0, [adjust("A", 1)])?;
    let running = world.run();
    world.caught_up().await?;
    let looking = "
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND query LIKE '%FROM plimsoll_internal.positions%'
          AND application_name LIKE 'plimsoll/%' AND query_start > backend_start + interval '7 s'";
    world.until(looking, 1).await?;
    world.finish(running).await
}
