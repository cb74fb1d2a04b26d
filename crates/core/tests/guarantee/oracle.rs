//! The judge itself: each kind of damage to a good database must be found.

use anyhow::Result;
use plimsoll_sandbox::workload::{Shape, Traffic};

use crate::world::{World, adjust};

/// Each with what the judge says of it.
const DAMAGES: [(&str, &str); 16] = [
    (
        "UPDATE products SET current_stock = current_stock + 1 WHERE sku = 'SKU0'",
        "the ledger ends with",
    ),
    (
        "UPDATE products SET version = version + 1 WHERE sku = 'SKU0'",
        "the ledger ends with",
    ),
    (
        "UPDATE products SET held = true WHERE sku = 'SKU0'",
        "held, but nothing is parked",
    ),
    ("DELETE FROM plimsoll_internal.openings", "line 1 is adjust"),
    (
        "UPDATE plimsoll_internal.openings SET stock = stock + 1",
        "the lines add up to",
    ),
    (
        "DELETE FROM plimsoll_internal.lines WHERE version = 2",
        "follows 1",
    ),
    (
        "UPDATE plimsoll_internal.lines SET version = 5 - version WHERE version IN (2, 3)",
        " make ",
    ),
    (
        "UPDATE plimsoll_internal.lines SET record_offset = 999 WHERE version = 2",
        "has a row and no record",
    ),
    (
        "UPDATE plimsoll_internal.lines SET quantity_change = quantity_change + 1 WHERE version = 2",
        " make ",
    ),
    (
        "DELETE FROM plimsoll_internal.refused WHERE outcome = 'duplicate'",
        "has no row",
    ),
    (
        "INSERT INTO plimsoll_internal.refused SELECT * FROM plimsoll_internal.refused LIMIT 1",
        "has 2 rows",
    ),
    (
        "UPDATE plimsoll_internal.refused SET payload = 'other' WHERE outcome = 'malformed'",
        "is kept with other bytes",
    ),
    ("DELETE FROM plimsoll_internal.parked_events", "has no row"),
    (
        "UPDATE plimsoll_internal.positions SET next_offset = next_offset - 1",
        "has a row too early",
    ),
    (
        "UPDATE plimsoll_internal.lines SET record_offset = 999 WHERE version = 2",
        "after 999",
    ),
    (
        "UPDATE plimsoll_internal.refused SET outcome = 'rejected' WHERE outcome = 'duplicate'",
        "2 times the first with the identity",
    ),
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
    for (damage, said) in DAMAGES {
        let copy = world.copy().await?;
        copy.sql(damage).await?;
        let found = copy.exact().await.expect_err(damage).to_string();
        assert!(found.contains(said), "{damage}\nis found as\n{found}");
    }
    Ok(())
}
