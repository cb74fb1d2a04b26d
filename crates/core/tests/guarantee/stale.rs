//! What a decision was made from changes before it is written: by another consumer of the group, a
//! release, an operator, a customer. Nothing that was decided from what is not true any more commits.

use anyhow::Result;
use expect_test::expect;
use plimsoll_core::release::Filter;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};

use crate::world::{CUT, Running, Said, World, adjust, count, owned};

/// What became of the last record that was applied of a partition.
const OUTCOME: &str = "
    SELECT o.outcome, o.what, o.stock FROM (
        SELECT partition, record_offset, 'applied' AS outcome, quantity_change::text AS what, stock_after AS stock
        FROM ledger WHERE kind IN ('adjust', 'count')
        UNION ALL SELECT partition, record_offset, outcome, code, stock_seen FROM refusals
        UNION ALL SELECT partition, record_offset, 'parked', code, stock_seen FROM parked
    ) AS o JOIN positions p ON p.partition = o.partition AND o.record_offset = p.next_offset - 1
    WHERE o.partition =";

/// Consumers that wait for a position that somebody else has locked.
const WAITING: &str = "
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name LIKE 'plimsoll/%' AND wait_event_type = 'Lock'
    AND query LIKE '%UPDATE plimsoll_internal.positions p SET next_offset%'";

/// Why a batch was decided again.
const CONFLICT: &str = "plimsoll_conflicts_total";
const PART_TURNED: &str = r#"plimsoll_retries_total{reason="part_turned"}"#;
const CONNECTION_LOST: &str = r#"plimsoll_retries_total{reason="transient"}"#;

/// Two consumers of a group. There are 5 of A, which the hasty one knows: both partitions were its
/// own until the other came and got one.
struct Replicas {
    world: World,
    hasty: Running,
    other: Running,
    /// The partition that the hasty one kept.
    kept: i32,
    /// The other's.
    gone: i32,
}

impl Replicas {
    async fn start() -> Result<Replicas> {
        let mut world = World::on_kafka(2).await?;
        world.product("A", 3).await?;
        let hasty = world.run();
        for partition in [0, 1] {
            world.send(partition, [adjust("A", 1)])?;
        }
        world.caught_up().await?;
        let other = world.run();
        owned([&hasty, &other], [1, 1]).await?;
        let [kept, gone] = [&hasty, &other].map(|it| it.watch.readiness().assigned[0]);
        Ok(Replicas {
            world,
            hasty,
            other,
            kept,
            gone,
        })
    }

    /// The hasty one decides about an event. Then it waits for its position, the first row that a
    /// transaction writes, until the barrier is lifted.
    async fn decide(&mut self, event: Said) -> Result<DatabaseTransaction> {
        #[expect(
            clippy::disallowed_methods,
            reason = "nobody cancels a test and goes on"
        )]
        let barrier = self.world.db.begin().await?;
        let position = format!(
            "SELECT FROM plimsoll_internal.positions WHERE partition = {} FOR UPDATE",
            self.kept
        );
        barrier.execute_unprepared(&position).await?;
        self.world.send(self.kept, [event])?;
        self.world.until(WAITING, 1).await?;
        Ok(barrier)
    }

    /// The other applies an event.
    async fn meanwhile(&mut self, event: Said) -> Result<()> {
        self.world.send(self.gone, [event])?;
        self.world.caught_up_in(self.gone).await
    }

    /// Lifts the barrier. What was decided is decided again for this reason; answers what came of it.
    async fn outcome(self, barrier: DatabaseTransaction, reason: &str) -> Result<String> {
        let before = self.hasty.metric(reason);
        barrier.rollback().await?;
        self.outcome_after(reason, before).await
    }

    /// The same once the barrier is lifted; `before` says how often this reason had been met until then.
    async fn outcome_after(self, reason: &str, before: f64) -> Result<String> {
        self.world.caught_up().await?;
        assert!(self.hasty.metric(reason) > before, "no {reason}");
        let outcome = format!("{OUTCOME} {}", self.kept);
        let outcome = self.world.rows(&outcome).await?;
        self.other.stop().await?;
        self.world.finish(self.hasty).await?;
        Ok(outcome)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_from_a_stock_that_rose_is_not_written() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -8)).await?;
    replicas.meanwhile(adjust("A", 4)).await?;
    expect!["(applied,-8,1)"].assert_eq(&replicas.outcome(barrier, CONFLICT).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_movement_from_a_stock_that_fell_is_not_written() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -3)).await?;
    replicas.meanwhile(count("A", 2)).await?;
    expect!["(rejected,below_floor,2)"].assert_eq(&replicas.outcome(barrier, CONFLICT).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_whose_first_copy_came_elsewhere_is_not_applied() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -1).id("x")).await?;
    replicas.meanwhile(adjust("A", -1).id("x")).await?;
    expect!["(duplicate,duplicate,4)"].assert_eq(&replicas.outcome(barrier, CONFLICT).await?);
    Ok(())
}

/// By the time that it is decided again its line would go to a part whose index does not know of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_whose_first_copy_came_elsewhere_is_not_applied_after_a_turn() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -1).id("x")).await?;
    replicas.meanwhile(adjust("A", -1).id("x")).await?;
    replicas.world.turn_part().await?;
    expect!["(duplicate,duplicate,4)"].assert_eq(&replicas.outcome(barrier, CONFLICT).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_to_a_part_that_was_turned() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", 1)).await?;
    replicas.world.turn_part().await?;
    expect!["(applied,1,6)"].assert_eq(&replicas.outcome(barrier, PART_TURNED).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_overtakes_an_event_that_another_consumer_parked() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", 1)).await?;
    replicas.meanwhile(adjust("A", -9).fact()).await?;
    expect!["(parked,behind,5)"].assert_eq(&replicas.outcome(barrier, CONFLICT).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_parked_behind_events_that_were_released() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    replicas.meanwhile(adjust("A", -9).fact()).await?;
    replicas.world.set_floor("A", -9).await?;
    replicas.world.send(replicas.kept, [adjust("A", 1)])?;
    replicas.world.caught_up().await?;
    let barrier = replicas.decide(adjust("A", 2)).await?;
    let released = replicas.world.release(Filter::default()).await?;
    assert_eq!((released.events, released.remaining), (2, 0));
    expect!["(applied,2,-1)"].assert_eq(&replicas.outcome(barrier, CONFLICT).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_waits_for_a_product_that_came() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("new", -1)).await?;
    replicas.world.product("new", 4).await?;
    expect!["(applied,-1,3)"].assert_eq(&replicas.outcome(barrier, CONFLICT).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_sinks_below_a_floor_that_was_raised() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -1)).await?;
    let raise = "UPDATE products SET stock_floor = 5";
    replicas.world.sql(raise).await?;
    expect!["(rejected,below_floor,5)"].assert_eq(&replicas.outcome(barrier, CONFLICT).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_that_a_customer_changed_is_not_overwritten() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    let barrier = replicas.decide(adjust("A", -1)).await?;
    let change = "UPDATE products SET current_stock = 40";
    replicas.world.sql(change).await?;
    expect!["(applied,-1,39)"].assert_eq(&replicas.outcome(barrier, CONFLICT).await?);
    Ok(())
}

/// As after a fail-over to a replica that had missed two decisions, and on which two others were made since:
/// every column that a decision is checked against is as before, and only reading again tells.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_looks_the_same_after_a_fail_over_is_read_again() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    for floor in [-1, 0] {
        replicas.world.set_floor("A", floor).await?;
    }
    // What it knows goes with its connection, so it will read the row with both changes.
    replicas.world.rows(CUT).await?;
    let row = "SELECT decisions, current_stock, version, stock_floor FROM products";
    let seen = replicas.world.rows(row).await?;
    let barrier = replicas.decide(adjust("A", -9).id("x")).await?;
    for id in ["x", "y"] {
        replicas.meanwhile(adjust("A", -9).id(id)).await?;
    }
    let forget = "UPDATE products SET decisions = decisions - 2";
    replicas.world.sql(forget).await?;
    assert_eq!(replicas.world.rows(row).await?, seen);
    let before = replicas.hasty.metric(CONNECTION_LOST);
    replicas.world.rows(CUT).await?;
    barrier.rollback().await?;
    let outcome = replicas.outcome_after(CONNECTION_LOST, before).await?;
    expect!["(duplicate,duplicate,5)"].assert_eq(&outcome);
    Ok(())
}

/// What its owner knew of the partition's SKUs is from before; it reads them again.
#[tokio::test(flavor = "multi_thread")]
async fn a_partition_that_comes_back_finds_what_its_other_owner_did() -> Result<()> {
    let mut replicas = Replicas::start().await?;
    replicas.meanwhile(adjust("A", -5)).await?;
    let Replicas {
        mut world,
        hasty,
        other,
        gone,
        ..
    } = replicas;
    other.stop().await?;
    owned([&hasty], [2]).await?;
    world.send(gone, [adjust("A", -1)])?;
    world.caught_up().await?;
    let outcome = world.rows(&format!("{OUTCOME} {gone}")).await?;
    expect!["(rejected,below_floor,0)"].assert_eq(&outcome);
    assert_eq!(hasty.metric(CONFLICT), 0.0, "it was decided from before");
    world.finish(hasty).await
}
