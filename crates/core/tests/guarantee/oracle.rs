//! The judge itself: each kind of damage to a good database must be found.

use anyhow::Result;
use plimsoll_sandbox::workload::{Shape, Traffic};

use crate::world::{World, adjust};

const DAMAGES: [&str; 14] = [
    "UPDATE products SET current_stock = current_stock + 1 WHERE sku = 'SKU0'",
    "UPDATE products SET version = version + 1 WHERE sku = 'SKU0'",
    "UPDATE products SET held = true WHERE sku = 'SKU0'",
    "DELETE FROM plimsoll_internal.openings",
    "UPDATE plimsoll_internal.openings SET stock = stock + 1",
    "DELETE FROM plimsoll_internal.lines WHERE version = 2",
    "UPDATE plimsoll_internal.lines SET version = 5 - version WHERE version IN (2, 3)",
    "UPDATE plimsoll_internal.lines SET record_offset = 999 WHERE version = 2",
    "UPDATE plimsoll_internal.lines SET quantity_change = quantity_change + 1 WHERE version = 2",
    "DELETE FROM plimsoll_internal.refused WHERE outcome = 'duplicate'",
    "INSERT INTO plimsoll_internal.refused SELECT * FROM plimsoll_internal.refused LIMIT 1",
    "UPDATE plimsoll_internal.refused SET payload = 'other' WHERE outcome = 'malformed'",
    "DELETE FROM plimsoll_internal.parked_events",
    "UPDATE plimsoll_internal.positions SET next_offset = next_offset - 1",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_damage_turns_the_judge_red() -> Result<()> {
    let mut world = World::new(2).await?;
    world.products(5, 3).await?;
    let shape = Shape {
        partitions: 2,
        skus: 5,
        poison: 0.1,
        duplicates: 0.1,
        ..Shape::default()
    };
    world.send_all(Traffic::new(shape, 10).take(300))?;
    world.send(0, [adjust("unknown", 1)])?;
    world.finish(world.run()).await?;
    world.copy().await?.exact().await?;
    for damage in DAMAGES {
        let copy = world.copy().await?;
        copy.sql(damage).await?;
        let judged = copy.exact().await;
        assert!(judged.is_err(), "not found: {damage}");
    }
    Ok(())
}
