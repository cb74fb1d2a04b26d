//! The ledger's parts: turned under load, remembered for as long as the id window reaches.

use std::time::Duration;

use anyhow::Result;
use plimsoll_sandbox::workload::{Produced, Shape, Traffic};

use crate::world::{World, adjust};

const PARTS: &str = "SELECT count(*) >= 4 FROM plimsoll_internal.parts";
const DUPLICATES: &str = "SELECT count(*) FROM refusals WHERE outcome = 'duplicate'";

#[tokio::test(flavor = "multi_thread")]
async fn parts_turn_under_load_and_repeats_are_found_in_all_of_them() -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(50, 100_000).await?;
    world.settings.part_bytes_max = 1;
    let shape = Shape {
        skus: 50,
        keyed: false,
        ..Shape::default()
    };
    let mut traffic = Traffic::new(shape, 9);
    let mut sent: Vec<Produced> = Vec::new();
    let running = world.run();
    while world.rows(PARTS).await? != "(t)" {
        let portion: Vec<Produced> = traffic.by_ref().take(200).collect();
        world.send_all(portion.iter().cloned())?;
        world.caught_up().await?;
        sent.extend(portion);
    }
    // All closed parts but the newest have their filters by now.
    world.send_all(sent.iter().cloned())?;
    world.caught_up().await?;
    world.until(DUPLICATES, sent.len()).await?;
    world.finish(running).await?;
    // And here none has: a new process has seen nothing.
    world.settings.part_bytes_max = 1 << 30;
    let running = world.run_again();
    world.send_all(sent.iter().cloned())?;
    world.finish(running).await?;
    world.until(DUPLICATES, 2 * sent.len()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_older_than_the_window_is_forgotten() -> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 0).await?;
    world.settings.id_window = Duration::from_secs(2);
    let running = world.run();
    let event = || adjust("A", 1).id("x");
    let refused = || adjust("A", -9).id("y");
    world.send(0, [event(), event(), refused(), refused()])?;
    world.caught_up().await?;
    world.until(DUPLICATES, 2).await?;
    world
        .until(
            "SELECT now() > max(recorded_at) + interval '2 s' FROM refusals",
            true,
        )
        .await?;
    world.send(1, [event(), refused()])?;
    world.caught_up().await?;
    world.until("SELECT current_stock FROM products", 2).await?;
    world
        .until(
            "SELECT count(*) FROM refusals WHERE code = 'below_floor'",
            2,
        )
        .await?;
    world.until(DUPLICATES, 2).await?;
    running.stop().await?;
    assert_eq!(world.coverage().await?, [""; 0]);
    Ok(())
}

/// Another replica turns it; the list is read at once then, and not with the next housekeeping.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_somebody_else_turned_costs_a_lane_one_try() -> Result<()> {
    const TURNS: u32 = 10;
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    let running = world.run();
    for _ in 0..TURNS {
        world.turn_part().await?;
        world.send(0, [adjust("A", 1)])?;
        world.caught_up().await?;
    }
    let tries = running.metric(r#"plimsoll_retries_total{reason="part_turned"}"#);
    assert!(0.0 < tries && tries <= f64::from(TURNS), "{tries}");
    world.finish(running).await
}

/// The index still knows it; a new part does not.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_older_than_the_window_has_its_part_turned_by_the_lane_that_meets_it() -> Result<()>
{
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    let running = world.run();
    let event = || adjust("A", 1).id("x");
    world.send(0, [event()])?;
    world.caught_up().await?;
    running.stop().await?;
    world
        .sql("UPDATE plimsoll_internal.ledger_1 SET recorded_at = recorded_at - interval '1 year'")
        .await?;
    let running = world.run_again();
    world.send(0, [event()])?;
    world.caught_up().await?;
    world.until("SELECT current_stock FROM products", 2).await?;
    world
        .until("SELECT count(*) FROM plimsoll_internal.parts", 2)
        .await?;
    running.stop().await?;
    assert_eq!(world.coverage().await?, [""; 0]);
    Ok(())
}
