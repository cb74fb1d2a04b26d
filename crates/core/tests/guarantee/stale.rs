//! What a decision was made from changes before it is written: by another consumer of the group, a
//! release, an operator, a customer. Nothing that was decided from what is not true any more commits.

use anyhow::Result;
use expect_test::expect;
use plimsoll_core::release::Filter;
use plimsoll_sandbox::topics;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};

use crate::world::{Running, Said, World, adjust, count, eventually};

/// Each row is of the event that was decided too early, which is the last of its partition.
const OUTCOME: &str = "
    SELECT o.* FROM (
        SELECT partition, record_offset, 'applied' AS outcome, quantity_change::text AS why, stock_after AS stock
        FROM ledger WHERE kind IN ('adjust', 'count')
        UNION ALL SELECT partition, record_offset, outcome, code, stock_seen FROM refusals
        UNION ALL SELECT partition, record_offset, 'parked', code, stock_seen FROM parked
    ) AS o JOIN positions p ON p.partition = o.partition AND o.record_offset = p.next_offset - 1
    WHERE o.partition = ";

/// Sessions of consumers that wait for a row that somebody else has locked.
const WAITING: &str = "
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name LIKE 'plimsoll/%' AND wait_event_type = 'Lock'";

/// Two consumers of a group with a partition each. There are 5 of A, and the hasty one knows it.
struct Replicas {
    world: World,
    hasty: Running,
    other: Running,
    /// The partition of the hasty one.
    its_partition: i32,
}

impl Replicas {
    async fn start() -> Result<Replicas> {
        let mut world = World::on_kafka(2).await?;
        world.product("A", 3).await?;
        let (hasty, other) = (world.run(), world.run());
        let owned = |running: &Running| running.watch.readiness().assigned;
        eventually("both own a partition", || {
            [&hasty, &other].map(|running| owned(running).len()) == [1, 1]
        })
        .await?;
        let its_partition = owned(&hasty)[0];
        for partition in [1 - its_partition, its_partition] {
            world.send(partition, [adjust("A", 1)])?;
            world.caught_up().await?;
        }
        Ok(Replicas {
            world,
            hasty,
            other,
            its_partition,
        })
    }

    /// One consumer decides about an event, and then waits for its position, which is the first
    /// that a transaction writes, until the barrier is lifted.
    async fn decide(&mut self, event: Said) -> Result<DatabaseTransaction> {
        #[expect(
            clippy::disallowed_methods,
            reason = "nobody cancels a test and goes on"
        )]
        let barrier = self.world.db.begin().await?;
        let lock = "SELECT 1 FROM plimsoll_internal.positions WHERE partition = ";
        let lock = format!("{lock} {} FOR UPDATE", self.its_partition);
        barrier.execute_unprepared(&lock).await?;
        self.world.send(self.its_partition, [event])?;
        self.world.until(WAITING, 1).await?;
        Ok(barrier)
    }

    /// The other consumer applies an event.
    async fn meanwhile(&mut self, event: Said) -> Result<()> {
        let kafka = self.world.settings.kafka.clone();
        let its_partition = 1 - self.its_partition;
        self.world.send(its_partition, [event])?;
        let ends = topics::end_offsets(&kafka.brokers, &kafka.topic).await?;
        let next = "SELECT next_offset FROM positions WHERE partition =";
        let next = format!("{next} {its_partition}");
        self.world
            .until(&next, ends[usize::try_from(its_partition)?])
            .await
    }

    fn decided_again(&self) -> f64 {
        let times = ["plimsoll_conflicts_total", "plimsoll_retries_total"];
        times.map(|metric| self.hasty.metric(metric)).iter().sum()
    }

    /// Lifts the barrier. What was decided is decided again, and this becomes of it.
    async fn outcome(self, barrier: DatabaseTransaction) -> Result<String> {
        let before = self.decided_again();
        barrier.rollback().await?;
        self.world.caught_up().await?;
        assert!(
            self.decided_again() > before,
            "what was decided first was written"
        );
        let outcome = format!("{OUTCOME} {}", self.its_partition);
        let outcome = self.world.rows(&outcome).await?;
        self.other.stop().await?;
        self.world.finish(self.hasty).await?;
        // Which partition is whose is the group's choice.
        Ok(outcome.replacen(&format!("({},", self.its_partition), "(", 1))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_from_a_stock_that_rose_is_not_written() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -8)).await?;
    replicas.meanwhile(adjust("A", 4)).await?;
    expect!["(1,applied,-8,1)"].assert_eq(&replicas.outcome(barrier).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_movement_from_a_stock_that_fell_is_not_written() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -3)).await?;
    replicas.meanwhile(count("A", 2)).await?;
    expect!["(1,rejected,below_floor,2)"].assert_eq(&replicas.outcome(barrier).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_whose_first_copy_came_elsewhere_is_not_applied() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -1).id("x")).await?;
    replicas.meanwhile(adjust("A", -1).id("x")).await?;
    expect!["(1,duplicate,duplicate,4)"].assert_eq(&replicas.outcome(barrier).await?);
    Ok(())
}

/// The index that would have refused it is not the one that it is written to.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_whose_first_copy_came_elsewhere_into_a_part_turned_since_is_not_applied()
-> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -1).id("x")).await?;
    replicas.meanwhile(adjust("A", -1).id("x")).await?;
    replicas
        .world
        .sql("SELECT plimsoll_internal.turn_part(1)")
        .await?;
    expect!["(1,duplicate,duplicate,4)"].assert_eq(&replicas.outcome(barrier).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_overtakes_an_event_that_another_consumer_parked() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", 1)).await?;
    replicas.meanwhile(adjust("A", -9).fact()).await?;
    expect!["(1,parked,behind,5)"].assert_eq(&replicas.outcome(barrier).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_parked_behind_events_that_were_released() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    replicas.meanwhile(adjust("A", -9).fact()).await?;
    let its_partition = replicas.its_partition;
    replicas.world.send(its_partition, [adjust("A", 1)])?;
    replicas.world.caught_up().await?;
    let barrier = replicas.decide(adjust("A", 2)).await?;
    replicas.world.set_floor("A", -9).await?;
    let released = replicas.world.release(Filter::default()).await?;
    assert_eq!((released.events, released.remaining), (2, 0));
    expect!["(2,applied,2,-1)"].assert_eq(&replicas.outcome(barrier).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_waits_for_a_product_that_came() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("new", -1)).await?;
    replicas.world.product("new", 4).await?;
    expect!["(1,applied,-1,3)"].assert_eq(&replicas.outcome(barrier).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_sinks_below_a_floor_that_was_raised() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -1)).await?;
    replicas.world.set_floor("A", 5).await?;
    expect!["(1,rejected,below_floor,5)"].assert_eq(&replicas.outcome(barrier).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_that_a_customer_changed_is_not_overwritten() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -1)).await?;
    replicas
        .world
        .sql("UPDATE products SET current_stock = 40")
        .await?;
    expect!["(1,applied,-1,39)"].assert_eq(&replicas.outcome(barrier).await?);
    Ok(())
}

/// What it knew of the partition's SKUs is from before.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_comes_back_finds_what_its_other_owner_did() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    replicas.meanwhile(adjust("A", -5)).await?;
    let Replicas {
        mut world,
        hasty,
        other,
        its_partition,
    } = replicas;
    other.stop().await?;
    eventually("one owns both", || {
        hasty.watch.readiness().assigned.len() == 2
    })
    .await?;
    world.send(1 - its_partition, [adjust("A", -1)])?;
    world.caught_up().await?;
    world
        .until(
            "SELECT stock_seen FROM refusals WHERE code = 'below_floor'",
            0,
        )
        .await?;
    world.finish(hasty).await
}
