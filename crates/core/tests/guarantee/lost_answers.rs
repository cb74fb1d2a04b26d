//! COMMIT was sent, and nobody knows what came of it.

use anyhow::Result;
use plimsoll_sandbox::wire::{Cut, Wires};
use plimsoll_sandbox::workload::{Ids, Shape, Traffic};

use crate::world::{World, adjust, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_commit_answer_is_settled_by_the_position() -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(20, 1_000).await?;
    let wires = Wires::before(&world.settings.database.url).await?;
    world.settings.database.url = wires.url(&world.settings.database.url);
    world.settings.batch_records_max = 20;
    // Without identities, only the position keeps an event from being applied twice.
    let shape = Shape {
        skus: 20,
        ids: Ids::None,
        keyed: false,
        ..Shape::default()
    };
    let mut traffic = Traffic::new(shape, 3);
    let running = world.run();
    let plan = [Cut::After, Cut::Before].repeat(4);
    for round in 1..=plan.len() / 2 {
        wires.arm("COMMIT", plan[..2].iter().copied());
        world.send_all(traffic.by_ref().take(400))?;
        eventually("both wires are cut", || wires.made().len() == 2 * round).await?;
    }
    world.caught_up().await?;
    let records = plan.len() as f64 / 2.0 * 400.0;
    let counted = || running.metric("plimsoll_events_total") == records;
    eventually("each record is counted once", counted).await?;
    world.finish(running).await?;
    assert_eq!(wires.made(), plan);
    Ok(())
}

/// The server ends the transaction of a session that it hears nothing of; the consumer waits for an
/// answer no longer than it must, and asks on another wire.
async fn silence(statement: &str, cut: Cut) -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 0).await?;
    let wires = Wires::before(&world.settings.database.url).await?;
    world.settings.database.url = wires.url(&world.settings.database.url);
    let running = world.run();
    wires.arm(statement, [cut]);
    world.send(0, (0..50).map(|_| adjust("A", 1)))?;
    // Until then a stop would have to wait for the answer, too.
    let counted = || running.metric("plimsoll_events_total") == 50.0;
    eventually("another wire tells", counted).await?;
    assert_eq!(wires.made(), [cut]);
    world.finish(running).await
}

/// All at once, since each is mostly waiting.
#[tokio::test(flavor = "multi_thread")]
async fn a_wire_that_dies_without_a_word_holds_nothing_for_ever_and_loses_no_answer() -> Result<()>
{
    tokio::try_join!(
        silence("UPDATE products", Cut::SilentBefore),
        silence("COMMIT", Cut::SilentBefore),
        silence("COMMIT", Cut::SilentAfter),
    )?;
    Ok(())
}
