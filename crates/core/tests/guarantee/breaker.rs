//! Malformed records: kept one by one, and more than any accident explains.

use anyhow::Result;
use plimsoll_domain::lane::MALFORMED_IN_A_ROW_MAX;

use crate::world::{World, adjust, eventually};

const STOCK: &str = "SELECT current_stock FROM products WHERE sku = 'A'";
const MALFORMED: &str = "SELECT count(*) FROM refusals WHERE outcome = 'malformed'";
const NEXT_OFFSET: &str = "SELECT next_offset FROM positions WHERE partition = 0";
const HALTED: &str =
    "SELECT halt_reason LIKE 'malformed:%positions resume%' FROM positions WHERE partition = 0";
/// What `plimsoll positions resume` does.
const RESUME: &str = "UPDATE plimsoll_internal.positions
    SET status = 'idle', halt_reason = NULL WHERE status = 'halted'";

fn nonsense(records: u32) -> impl Iterator<Item = &'static str> {
    (0..records).map(|_| "nonsense")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_malformed_records_halts_its_partition_behind_them_until_it_is_resumed()
-> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 0).await?;
    let running = world.run();
    // One short of the bound, an event, and the whole of it.
    world.send(0, nonsense(MALFORMED_IN_A_ROW_MAX - 1))?;
    world.send(0, [adjust("A", 1)])?;
    world.send(0, nonsense(MALFORMED_IN_A_ROW_MAX))?;
    world.until(HALTED, true).await?;
    world
        .until(MALFORMED, 2 * MALFORMED_IN_A_ROW_MAX - 1)
        .await?;
    world.until(NEXT_OFFSET, 2 * MALFORMED_IN_A_ROW_MAX).await?;
    let halted = r#"plimsoll_partition_halted{partition="0",reason="malformed"}"#;
    eventually("the metrics show it", || running.metric(halted) > 0.0).await?;
    world.send(0, [adjust("A", 10)])?;
    world.send(1, [adjust("A", 100)])?;
    world.until(STOCK, 101).await?;
    // Counted anew: as many as were not too many before.
    world.send(0, nonsense(MALFORMED_IN_A_ROW_MAX - 1))?;
    world.sql(RESUME).await?;
    world.caught_up().await?;
    world.until(STOCK, 111).await?;
    world.finish(running).await
}
