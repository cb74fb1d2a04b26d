//! Everything at once, and proof that all of it was met.

use anyhow::{Result, ensure};
use plimsoll_core::release::Filter;
use plimsoll_core::rules::Shelf;
use plimsoll_sandbox::wire::{Cut, Wires};
use plimsoll_sandbox::workload::{Shape, Traffic};

use crate::world::{CUT, Running, World, adjust, bundle, count, eventually, owned, verdict};

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

/// Every fiftieth change of a product by a consumer is refused when it is committed, as another
/// isolation level would.
const SERIALIZATION_FAILURES: &str = "
    CREATE SEQUENCE changes;
    CREATE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF current_setting('application_name') LIKE 'plimsoll/test%' AND nextval('changes') % 50 = 0
        THEN RAISE EXCEPTION 'no' USING ERRCODE = '40001'; END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER objection AFTER UPDATE ON products INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION object()";
const SERIALIZATION_FAILED: &str = "SELECT last_value >= 50 FROM changes";

#[tokio::test(flavor = "multi_thread")]
async fn consumers_in_a_storm_of_everything_are_exact() -> Result<()> {
    let mut world = World::on_kafka(4).await?;
    world.products(SKUS, 20).await?;
    world.sql(SERIALIZATION_FAILURES).await?;
    world.settings.batch_records_max = 25;
    let wires = Wires::before(&world.settings.database.url).await?;
    let (first, second) = (behind(&wires, &world), behind(&wires, &world));
    owned([&first, &second], [2, 2]).await?;
    let guest_applied = storm(&mut world, &wires).await?;
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
    let revisions = "SELECT count(DISTINCT ruleset_revision) > 3 FROM ledger WHERE kind = 'adjust'";
    world.until(revisions, true).await?;
    world.until(SERIALIZATION_FAILED, true).await?;
    was_hard(&[&first, &second], &wires.made(), guest_applied)?;
    first.stop().await?;
    world.finish(second).await
}

/// A consumer whose wire to the database can be cut; everybody else has one of their own.
fn behind(wires: &Wires, world: &World) -> Running {
    let mut settings = world.settings.clone();
    settings.database.url = wires.url(&settings.database.url);
    Running::start(settings)
}

/// Traffic, hands, lost answers, new rules, and a third consumer that comes and goes. Answers how
/// many records that one applied.
async fn storm(world: &mut World, wires: &Wires) -> Result<u64> {
    let shape = Shape {
        skus: SKUS,
        keyed: false,
        duplicates: 0.2,
        poison: 0.05,
        increase_share: 0.45,
        ..Shape::default()
    };
    let mut traffic = Traffic::new(shape, 11);
    let shelf = Shelf::new(world.settings.rules.trust.clone())?;
    let marks = [0, 1].map(|code| [bundle("marks", &verdict(1, code))]);
    let (mut guest, mut guest_applied) = (None, 0);
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
        let turn = usize::try_from(round)?;
        world.sql(HANDS[turn % HANDS.len()]).await?;
        world.release(Filter::default()).await?;
        match round % 8 {
            1 => wires.arm("COMMIT", [Cut::After]),
            3 => drop(world.enforce_from(&shelf, &marks[turn / 8 % 2]).await?),
            5 => wires.arm("COMMIT", [Cut::Before]),
            _ => {}
        }
        if round == 16 {
            guest = Some(behind(wires, world));
        }
        if round == 40 {
            let guest: Running = guest.take().expect("it came");
            let works = || guest.watch.records_applied() > 0;
            eventually("the guest applies something", works).await?;
            guest_applied = guest.watch.records_applied();
            guest.stop().await?;
        }
    }
    Ok(guest_applied)
}

/// A storm without one of these says less than it seems to.
fn was_hard(running: &[&Running], cuts: &[Cut], guest_applied: u64) -> Result<()> {
    let sum = |series: &str, label: &str| -> f64 {
        let each = running.iter().map(|it| it.metric_with(series, label));
        each.sum()
    };
    let cut = |kind| cuts.iter().filter(|&&it| it == kind).count() as f64;
    let events = |outcome: &str| sum("plimsoll_events_total", &format!("outcome=\"{outcome}\""));
    let met = [
        ("conflicts", sum("plimsoll_conflicts_total", "")),
        (
            "retries for a passing reason",
            sum("plimsoll_retries_total", "reason=\"transient\""),
        ),
        ("fenced partitions", sum("plimsoll_fenced_total", "")),
        ("COMMITs that nobody heard of", cut(Cut::After)),
        ("COMMITs that never came", cut(Cut::Before)),
        ("duplicates", events("duplicate")),
        ("rejections", events("rejected")),
        ("malformed records", events("malformed")),
        ("parked events", events("parked")),
        ("records of the guest", guest_applied as f64),
    ];
    let missing: Vec<&str> = met.iter().filter(|it| it.1 == 0.0).map(|it| it.0).collect();
    ensure!(
        missing.is_empty(),
        "the storm met no {}: {met:?}",
        missing.join(", no ")
    );
    Ok(())
}
