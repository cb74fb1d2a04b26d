//! Others who write to the same rows.

use anyhow::Result;
use expect_test::expect;
use plimsoll_sandbox::workload::{Ids, Shape, Traffic};
use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::world::{World, adjust};

/// Changes every product as often as it can, as `set-floor` does: locked in the order that
/// everybody keeps.
const CHANGE: &str = "
    WITH locked AS (SELECT id FROM products ORDER BY id FOR NO KEY UPDATE)
    UPDATE products p SET stock_floor = 1 - stock_floor, decisions = decisions + 1
    FROM locked WHERE p.id = locked.id";

/// A writer who works until told to rest.
pub(crate) struct RestlessWriter {
    rest: watch::Sender<bool>,
    work: JoinHandle<Result<(), DbErr>>,
}

impl World {
    pub(crate) fn restless_writer(&self) -> RestlessWriter {
        let (rest, resting) = watch::channel(false);
        let db = self.db.clone();
        let work = tokio::spawn(async move {
            while !*resting.borrow() {
                db.execute_unprepared(CHANGE).await?;
            }
            Ok(())
        });
        RestlessWriter { rest, work }
    }
}

impl RestlessWriter {
    pub(crate) async fn rest(self) -> Result<()> {
        // A writer that failed does not listen any more; its work says why.
        self.rest.send(true).ok();
        Ok(self.work.await??)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_that_was_changed_past_us_gets_a_line_of_its_own() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    let running = world.run();
    world.send(0, [adjust("A", 1)])?;
    world.caught_up().await?;
    world
        .sql("UPDATE products SET current_stock = current_stock + 30")
        .await?;
    world.send(0, [adjust("A", -2), adjust("A", -3)])?;
    world.caught_up().await?;
    world
        .sql("UPDATE products SET current_stock = 3, version = version + 9")
        .await?;
    world.send(0, [adjust("A", -4), adjust("A", 1)])?;
    world.caught_up().await?;
    expect![[r#"
        (0,opening,0,10,)
        (1,adjust,1,11,0)
        (2,external,30,41,)
        (3,adjust,-2,39,1)
        (4,adjust,-3,36,2)
        (5,external,-33,3,)
        (6,adjust,1,4,4)"#]]
    .assert_eq(
        &world
            .rows("SELECT version, kind, quantity_change, stock_after, record_offset FROM ledger ORDER BY version")
            .await?,
    );
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raised_floor_counts_from_the_next_decision_on() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    let running = world.run();
    world.send(0, [adjust("A", -1)])?;
    world.caught_up().await?;
    world
        .sql("UPDATE products SET stock_floor = 9, decisions = decisions + 1")
        .await?;
    world.send(0, [adjust("A", -1)])?;
    world.caught_up().await?;
    expect!["(1,below_floor,9,9)"].assert_eq(
        &world
            .rows("SELECT record_offset, code, stock_seen, floor_seen FROM refusals")
            .await?,
    );
    world.finish(running).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_who_never_rests_makes_conflicts_and_no_mistake() -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(3, 1_000_000).await?;
    let running = world.run();
    let writer = world.restless_writer();
    let shape = Shape {
        skus: 3,
        keyed: false,
        ids: Ids::None,
        ..Shape::default()
    };
    let mut traffic = Traffic::new(shape, 6);
    for _ in 0..5 {
        world.send_all(traffic.by_ref().take(400))?;
        world.caught_up().await?;
    }
    writer.rest().await?;
    assert!(running.metric("plimsoll_conflicts_total") > 0.0);
    world
        .until("SELECT count(*) FROM ledger WHERE kind = 'adjust'", 2_000)
        .await?;
    world.finish(running).await
}
