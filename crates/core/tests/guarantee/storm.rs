//! Everything at once.

use anyhow::Result;
use plimsoll_core::release::Filter;
use plimsoll_sandbox::workload::{Shape, Traffic};

use crate::world::{CUT, World, adjust, count, eventually};

const SKUS: u32 = 6;

/// What others do to the database meanwhile. None of it may lose or repeat anything.
const HANDS: [&str; 7] = [
    "UPDATE products SET current_stock = current_stock + 3 WHERE sku = 'SKU1'",
    "UPDATE plimsoll_internal.positions SET claim = gen_random_uuid() WHERE partition = 2",
    "UPDATE products SET stock_floor = least(current_stock, 1), decisions = decisions + 1 WHERE sku = 'SKU2'",
    CUT,
    "UPDATE products SET stock_floor = -500, decisions = decisions + 1 WHERE sku = 'SKU2'",
    "SELECT plimsoll_internal.turn_part(max(number)) FROM plimsoll_internal.parts",
    "INSERT INTO products (sku, current_stock)
     SELECT sku, 5 FROM plimsoll_internal.unknown_skus ORDER BY sku LIMIT 1 ON CONFLICT DO NOTHING",
];

#[tokio::test(flavor = "multi_thread")]
async fn two_consumers_in_a_storm_of_everything_are_exact() -> Result<()> {
    let mut world = World::on_kafka(4).await?;
    world.products(SKUS, 20).await?;
    world.settings.batch_records_max = 25;
    let shape = Shape {
        skus: SKUS,
        keyed: false,
        duplicates: 0.2,
        poison: 0.05,
        increase_share: 0.45,
        ..Shape::default()
    };
    let mut traffic = Traffic::new(shape, 11);
    let (first, second) = (world.run(), world.run());
    eventually("both own some", || {
        [&first, &second].map(|running| running.watch.readiness().assigned.len()) == [2, 2]
    })
    .await?;
    for round in 0..56_i32 {
        world.send_all(traffic.by_ref().take(100))?;
        let known = format!("SKU{}", round % 3);
        let new = format!("new {}", round / 8);
        world.send(
            round % 4,
            [
                adjust(&known, -15).fact(),
                adjust(&new, 2),
                count(&known, 9),
                adjust(&new, -1).fact(),
            ],
        )?;
        let hand = usize::try_from(round)? % HANDS.len();
        world.sql(HANDS[hand]).await?;
        world.release(Filter::default()).await?;
    }
    world.caught_up().await?;
    world
        .sql(
            "INSERT INTO products (sku) SELECT sku FROM plimsoll_internal.unknown_skus ON CONFLICT DO NOTHING;
             UPDATE products SET stock_floor = -100000, decisions = decisions + 1",
        )
        .await?;
    world.release(Filter::default()).await?;
    world.until("SELECT count(*) FROM parked", 0).await?;
    world
        .until("SELECT count(*) FROM plimsoll_internal.unknown_skus", 0)
        .await?;
    first.stop().await?;
    world.finish(second).await
}
