//! The ledger is proved again while the service runs: what breaks it is told, and load is no break.

use std::sync::{Arc, Mutex};

use anyhow::Result;
use plimsoll_core::Reproof;
use plimsoll_sandbox::workload::{Shape, Traffic};
use plimsoll_telemetry::Metrics;
use tracing::instrument::WithSubscriber;

use crate::world::{World, adjust, eventually};

const HOLDS: &str = "plimsoll_broken_skus 0";

/// Walks round all SKUs once. What it logs, a line each, and the gauge of broken SKUs.
async fn walk(world: &World, reproof: &mut Reproof) -> Result<(String, String)> {
    let (log, metrics) = (Log::default(), Metrics::new());
    let writer = log.clone();
    let says = tracing_subscriber::fmt().without_time().with_ansi(false);
    let says = says.with_target(false).with_writer(move || writer.clone());
    let proving = async {
        while !reproof.prove(&world.db, &metrics).await? {}
        anyhow::Ok(())
    };
    proving.with_subscriber(says.finish()).await?;
    let text = metrics.text();
    let broken = text
        .lines()
        .find(|line| line.starts_with("plimsoll_broken_skus "));
    Ok((log.text(), broken.unwrap_or_default().to_owned()))
}

/// What is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().expect("nobody panics with it").clone();
        String::from_utf8(bytes).expect("a log is UTF-8")
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics with it").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_line_is_told_once_as_verify_tells_it_until_it_is_mended() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    world.product("B", 10).await?;
    let running = world.run();
    world.send(0, [adjust("A", 5), adjust("A", -4), adjust("B", 1)])?;
    world.finish(running).await?;
    let set = async |stock: i64| {
        let line = "quantity_change = -4";
        world
            .sql(&format!(
                "UPDATE plimsoll_internal.lines SET stock_after = {stock} WHERE {line}"
            ))
            .await
    };
    let mut reproof = Reproof::default();
    let holds = (String::new(), HOLDS.to_owned());
    assert_eq!(walk(&world, &mut reproof).await?, holds);
    set(12).await?;
    let (log, broken) = walk(&world, &mut reproof).await?;
    assert_eq!(
        log,
        "ERROR the ledger is broken at A: version 2: 15 and a change of -4 leave 12; \
         `plimsoll verify` tells all sku=\"A\"\n"
    );
    assert_eq!(broken, "plimsoll_broken_skus 1");
    assert_eq!(walk(&world, &mut reproof).await?, (String::new(), broken));
    set(11).await?;
    walk(&world, &mut reproof).await?;
    assert_eq!(walk(&world, &mut reproof).await?, holds);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_that_was_changed_past_us_breaks_no_ledger() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    let running = world.run();
    world.send(0, [adjust("A", 5)])?;
    world.finish(running).await?;
    world.sql("UPDATE products SET current_stock = 99").await?;
    let (log, broken) = walk(&world, &mut Reproof::default()).await?;
    assert_eq!((log.as_str(), broken.as_str()), ("", HOLDS));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_walks_and_tells() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    let running = world.run();
    world.send(0, [adjust("A", 5)])?;
    world.finish(running).await?;
    world.sql("DELETE FROM plimsoll_internal.lines").await?;
    let running = world.run_again();
    eventually("a broken SKU is counted", || {
        running.metric("plimsoll_broken_skus") == 1.0
    })
    .await?;
    assert!(running.metric("plimsoll_reproved_skus_total") >= 1.0);
    running.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_broken_while_stock_moves_and_parts_turn() -> Result<()> {
    const MOVED: &str = "SELECT sum(next_offset) FROM positions";
    let mut world = World::new(4).await?;
    world.products(20, 100_000).await?;
    world.settings.part_bytes_max = 1;
    world.settings.batch_records_max = 25;
    let running = world.run();
    let shape = Shape {
        skus: 20,
        keyed: false,
        ..Shape::default()
    };
    let mut traffic = Traffic::new(shape, 5);
    let (mut reproof, mut walks_under_load) = (Reproof::default(), 0);
    while walks_under_load < 100 {
        world.send_all(traffic.by_ref().take(100))?;
        let before = world.rows(MOVED).await?;
        let (log, broken) = walk(&world, &mut reproof).await?;
        assert_eq!((log.as_str(), broken.as_str()), ("", HOLDS));
        walks_under_load += u32::from(before != world.rows(MOVED).await?);
    }
    world.finish(running).await
}
