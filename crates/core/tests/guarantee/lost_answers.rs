//! COMMIT was sent, and nobody knows what came of it.

use anyhow::Result;
use plimsoll_sandbox::workload::{Ids, Shape, Traffic};

use crate::world::{Cut, Proxy, World, eventually};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_commit_answer_is_settled_by_the_position() -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(20, 1_000).await?;
    let proxy = Proxy::before(&world.settings.database.url).await?;
    world.settings.database.url = proxy.url(&world.settings.database.url);
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
    let plan = [Cut::AfterCommit, Cut::BeforeCommit].repeat(4);
    for round in 1..=plan.len() / 2 {
        proxy.arm(plan[..2].iter().copied());
        world.send_all(traffic.by_ref().take(400))?;
        eventually("both wires are cut", || proxy.made().len() == 2 * round).await?;
    }
    world.caught_up().await?;
    let records = plan.len() as f64 / 2.0 * 400.0;
    let counted = || running.metric("plimsoll_events_total") == records;
    eventually("each record is counted once", counted).await?;
    world.finish(running).await?;
    assert_eq!(proxy.made(), plan);
    Ok(())
}
