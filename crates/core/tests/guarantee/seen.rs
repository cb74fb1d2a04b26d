//! What operators see stays small, whatever flows.

use anyhow::Result;
use plimsoll_domain::OnUnknownSku;

use crate::world::{World, adjust};

/// Each histogram has about fifteen for each stage or statement.
const SERIES_MAX: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_skus_make_no_series_of_their_own() -> Result<()> {
    let mut world = World::on_kafka(2).await?;
    world.settings.policy.unknown_sku = OnUnknownSku::Create;
    let running = world.run();
    let one_of = |sku: u32| {
        [
            adjust(&format!("SKU{sku}"), 1).id(&format!("sale {sku}")),
            adjust(&format!("SKU{sku}"), -9),
        ]
    };
    world.send(0, (0..100_000).flat_map(one_of))?;
    world.caught_up().await?;
    world
        .until("SELECT count(*) FROM products", 100_000)
        .await?;
    let series = running.series();
    assert!(series.len() < SERIES_MAX, "{} series", series.len());
    let named = series.iter().find(|series| series.contains("SKU"));
    assert_eq!(named, None);
    running.stop().await
}
