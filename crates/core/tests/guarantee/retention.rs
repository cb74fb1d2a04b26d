//! Old parts of the ledger go, and what remains is still proven.

use std::time::{Duration, Instant};

use anyhow::Result;
use expect_test::expect;
use sea_orm::{ConnectionTrait, TransactionTrait};

use crate::world::{World, adjust};

const DROP: &str = "SELECT plimsoll_internal.drop_oldest_part(interval '0', interval '0')";
const LEDGER: &str = "
    SELECT sku, version, kind, quantity_change, stock_after, record_offset FROM ledger ORDER BY sku, version";

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_part_moves_openings_forward() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    world.product("B", 10).await?;
    let running = world.run();
    world.send(0, [adjust("A", 1), adjust("A", 2), adjust("B", 3)])?;
    world.caught_up().await?;
    world.turn_part().await?;
    world.send(0, [adjust("A", 4), adjust("C", 0)])?;
    world.caught_up().await?;
    expect!["(1)"].assert_eq(&world.rows(DROP).await?);
    expect!["()"].assert_eq(&world.rows(DROP).await?);
    world.send(0, [adjust("B", 5)])?;
    world.caught_up().await?;
    expect![[r#"
        (A,2,opening,0,13,)
        (A,3,adjust,4,17,3)
        (B,1,opening,0,13,)
        (B,2,adjust,5,18,5)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    expect!["(3)"].assert_eq(&world.rows("SELECT retained_from FROM positions").await?);
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_part_is_dropped_while_a_parked_event_reaches_into_it() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    world.send(0, [adjust("A", 1), adjust("A", -5).fact()])?;
    world.finish(world.run()).await?;
    world.turn_part().await?;
    expect!["()"].assert_eq(&world.rows(DROP).await?);
    world
        .sql("UPDATE plimsoll_internal.parked_events SET parked_at = clock_timestamp()")
        .await?;
    expect!["(1)"].assert_eq(&world.rows(DROP).await?);
    world.exact().await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_drops_what_it_need_not_keep_under_load() -> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 0).await?;
    world.settings.id_window = Duration::from_secs(1);
    world.settings.keep = Some(Duration::from_secs(1));
    let running = world.run();
    while world
        .rows("SELECT min(number) > 2 FROM plimsoll_internal.parts")
        .await?
        != "(t)"
    {
        for partition in 0..2 {
            world.send(partition, (0..20).map(|_| adjust("A", 1)))?;
        }
        world.caught_up().await?;
    }
    world.finish(running).await
}

/// Far longer than anything that waits for a drop, far shorter than the lock timeout of sessions.
const STALL: Duration = Duration::from_secs(10);

/// What a backup does, or `plimsoll verify`.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_of_the_ledger_holds_up_a_drop_and_no_event() -> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 0).await?;
    world.settings.id_window = Duration::from_secs(2);
    world.settings.keep = Some(Duration::from_secs(2));
    #[expect(
        clippy::disallowed_methods,
        reason = "nobody cancels a test and goes on"
    )]
    let reader = world.db.begin().await?;
    reader
        .execute_unprepared("SELECT count(*) FROM plimsoll_internal.lines")
        .await?;
    let running = world.run();
    let droppable_for_long = "
        SELECT min(closed_at) < clock_timestamp() - interval '6 s' FROM plimsoll_internal.parts";
    for id in 0.. {
        if world.rows(droppable_for_long).await? == "(t)" {
            break;
        }
        let (began, id) = (Instant::now(), id.to_string());
        // The second of them is looked up in the ledger.
        for partition in 0..2 {
            world.send(partition, [adjust("A", 1).id(&id)])?;
            world.caught_up().await?;
        }
        let took = began.elapsed();
        assert!(took < STALL, "two events took {took:?}");
    }
    expect!["(1)"].assert_eq(
        &world
            .rows("SELECT min(number) FROM plimsoll_internal.parts")
            .await?,
    );
    reader.rollback().await?;
    world
        .until("SELECT min(number) > 1 FROM plimsoll_internal.parts", true)
        .await?;
    world.caught_up().await?;
    running.stop().await?;
    assert_eq!(world.coverage().await?, [""; 0]);
    Ok(())
}
