//! Rules decide, and every row says which one, why, and of which revision.

use std::sync::Arc;

use anyhow::Result;
use expect_test::expect;
use plimsoll_core::release::{By, Filter};
use plimsoll_core::rules::{self, Shelf, Window};
use plimsoll_rule_host::Document;
use plimsoll_sandbox::workload::{Shape, Traffic};

use crate::world::{
    World, adjust, below, bundle, enforce, eventually, meeting, misbehaviours, verdict,
};

const REFUSALS: &str =
    "SELECT record_offset, outcome, code, rule, detail, ruleset_revision, stock_seen
    FROM refusals ORDER BY record_offset";
const LEDGER: &str =
    "SELECT record_offset, quantity_change, stock_after, flags, ruleset_revision, requested
    FROM ledger WHERE kind = 'adjust' ORDER BY record_offset";
const PARKED: &str =
    "SELECT record_offset, code, rule, detail, ruleset_revision FROM parked ORDER BY record_offset";

#[tokio::test(flavor = "multi_thread")]
async fn each_row_says_which_rule_decided_and_why() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    world.product("B", 10).await?;
    let refuses = bundle("refuses", &below(0, &verdict(3, 1)));
    let marks = bundle("marks", &meeting(-2, &verdict(1, 0)));
    let clamps = bundle("clamps", &meeting(-7, &verdict(2, 3)));
    let parks = bundle("parks", &meeting(1000, &verdict(4, 0)));
    world.enforce(&[refuses, marks, clamps, parks]).await?;
    let running = world.run();
    let events = [
        adjust("A", -2),
        adjust("A", -7),
        adjust("A", -6),
        adjust("B", 1000),
        adjust("A", -5),
        adjust("B", -1),
    ];
    world.send(0, events)?;
    world.finish(running).await?;
    expect![[r#"
        (0,-2,8,{first},1,)
        (1,-3,5,{clamped},1,-7)
        (4,-5,0,{},1,)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    expect![[r#"(2,rejected,second,refuses,"It is the second code.",1,5)"#]]
        .assert_eq(&world.rows(REFUSALS).await?);
    expect![[r#"
        (3,first,parks,"It is the first code.",1)
        (5,behind,,,1)"#]]
    .assert_eq(&world.rows(PARKED).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_parks_its_event_and_names_bundle_and_kind_while_others_flow() -> Result<()> {
    let mut world = World::new(1).await?;
    world.products(3, 1_000).await?;
    world
        .enforce(&[bundle("traps", &meeting(-13, "(unreachable)"))])
        .await?;
    let running = world.run();
    let order = |n: i64| adjust(&format!("SKU{}", n % 3), -1);
    let guilty = [adjust("SKU1", -13)];
    world.send(
        0,
        (0..50).map(order).chain(guilty).chain((0..50).map(order)),
    )?;
    world.finish(running).await?;
    world
        .until("SELECT count(*) FROM parked WHERE sku <> 'SKU1'", 0)
        .await?;
    world
        .until("SELECT count(*) FROM parked WHERE code = 'behind'", 17)
        .await?;
    let digest = bundle("traps", &meeting(-13, "(unreachable)"))
        .digest()
        .to_string();
    let fault = world
        .rows("SELECT code, rule, detail FROM parked WHERE code <> 'behind'")
        .await?;
    expect![[r#"(rule_fault,traps,"traps (DIGEST): trap: wasm trap: wasm `unreachable` instruction executed")"#]].assert_eq(&fault.replace(&digest, "DIGEST"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_rule_does_only_its_event_waits() -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(10, 1_000_000).await?;
    let all = misbehaviours();
    let numbered = || (0..).zip(&all);
    let bad = |(n, (_, wat)): (i64, &(&str, String))| {
        bundle(&format!("bad-{n}"), &meeting(-1_000 - n, wat))
    };
    let bundles: Vec<_> = numbered().map(bad).collect();
    world.enforce(&bundles).await?;
    let running = world.run();
    for partition in 0..4 {
        let good = (0..500).map(|n| adjust(&format!("SKU{}", n % 10), -1));
        world.send(partition, good)?;
    }
    for (n, _) in numbered() {
        let sku = format!("bad {n}");
        world.product(&sku, 5_000).await?;
        world.send(
            0,
            [adjust(&sku, -1), adjust(&sku, -1_000 - n), adjust(&sku, -2)],
        )?;
    }
    world.finish(running).await?;
    let good = "SELECT count(*) FROM ledger WHERE kind = 'adjust' AND sku LIKE 'SKU%'";
    world.until(good, 2_000).await?;
    let told = "SELECT string_agg(split_part(detail, ': ', 2), ' ' ORDER BY rule) FROM parked WHERE code = 'rule_fault'";
    let kinds: Vec<&str> = all.iter().map(|(kind, _)| *kind).collect();
    world.until(told, kinds.join(" ")).await?;
    world
        .until(
            "SELECT count(*) FROM parked WHERE code = 'behind'",
            all.len(),
        )
        .await?;
    let others = "SELECT count(*) FROM refusals";
    world.until(others, 0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_parked_is_released_by_the_rules_of_that_day() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    world
        .enforce(&[bundle("parks", &meeting(1000, &verdict(4, 0)))])
        .await?;
    let running = world.run();
    world.send(0, [adjust("A", 1000), adjust("A", -1), adjust("A", -12)])?;
    world.until("SELECT count(*) FROM parked", 3).await?;
    let still = world.release(Filter::default()).await?;
    assert_eq!((still.events, still.remaining), (0, 3));

    world
        .enforce(&[bundle("parks", &meeting(-12, &verdict(4, 1)))])
        .await?;
    let rule = Filter {
        rule: Some("parks".to_owned()),
        ..Filter::default()
    };
    let released = world.release(rule).await?;
    assert_eq!((released.events, released.remaining), (2, 1));
    world.finish(running).await?;
    expect![[r#"
        (0,1000,1010,{},2,)
        (1,-1,1009,{},2,)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    expect![[r#"(2,second,parks,"It is the second code.",2)"#]]
        .assert_eq(&world.rows(PARKED).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_overrules_the_rule_about_one_event_and_not_about_those_behind_it() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    world
        .enforce(&[bundle("parks", &meeting(1000, &verdict(4, 0)))])
        .await?;
    let running = world.run();
    let events = [adjust("A", 1000), adjust("A", -1), adjust("A", 1000)];
    world.send(0, events)?;
    world.until("SELECT count(*) FROM parked", 3).await?;
    let released = world.release_by(By::Person, Filter::default()).await?;
    assert_eq!((released.events, released.remaining), (2, 1));
    world.finish(running).await?;
    expect![[r#"
        (0,1000,1010,{},0,)
        (1,-1,1009,{},1,)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    expect![[r#"(2,first,parks,"It is the first code.",1)"#]].assert_eq(&world.rows(PARKED).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_tells_which_verdicts_would_change_and_changes_nothing() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 10).await?;
    world.product("B", 10).await?;
    let clamps = bundle("clamps", &meeting(-7, &verdict(2, 3)));
    let refuses = bundle("refuses", &below(0, &verdict(3, 0)));
    world.enforce(&[refuses.clone(), clamps]).await?;
    let running = world.run();
    let events = [
        adjust("A", -6),
        adjust("A", -6),
        adjust("B", -7),
        adjust("B", 2),
        adjust("B", -1),
        adjust("B", -1),
    ];
    world.send(0, events)?;
    world.finish(running).await?;
    let before = world.rows(LEDGER).await?;

    let keeps = bundle("keeps", &below(8, &verdict(3, 1)));
    let marks = bundle("marks", &meeting(2, &verdict(1, 0)));
    let shelf = Shelf::new(world.settings.rules.trust.clone())?;
    for bundle in [&keeps, &marks] {
        rules::push(&world.db, &shelf, &bundle.to_bytes(), "test").await?;
    }
    let document = Document {
        rules: [keeps, marks].iter().map(enforce).collect(),
    };
    let stored = rules::with_files(&world.db, &document).await?;
    let candidate = Arc::new(shelf.ruleset(stored).await?);
    let window = Window {
        events_max: 100,
        hours_max: 1.0,
    };
    let policy = &world.settings.policy;
    let replayed = rules::replay(&world.db, &candidate, policy, window, &mut |_| {}).await?;
    let change = |c: &rules::Change| {
        format!(
            "{} -> {}: {} of {} in {}\n",
            c.then,
            c.now,
            c.events,
            c.units,
            c.skus.join(" ")
        )
    };
    assert_eq!(replayed.events, 6);
    let changes: String = replayed.changes.iter().map(change).collect();
    expect![[r#"
        applied -> rejected by keeps: second: 2 of -7 in A B
        applied -> applied (first): 1 of 2 in B
        applied in part (clamped) -> rejected by keeps: second: 1 of -7 in B
        rejected by refuses: first -> rejected by keeps: second: 1 of -6 in A
    "#]]
    .assert_eq(&changes);
    assert_eq!(world.rows(LEDGER).await?, before);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_never_goes_back_along_a_partition() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 100).await?;
    let running = world.run();
    world.send(0, [adjust("A", -1)])?;
    world.caught_up().await?;
    // As another replica leaves it that has heard of revision 2 already.
    world
        .sql("UPDATE plimsoll_internal.positions SET ruleset_revision = 2")
        .await?;
    world.send(0, [adjust("A", -2)])?;
    eventually("the lane waits for newer rules", || {
        running.metric("plimsoll_retries_total{reason=\"transient\"}") > 1.0
            && running.watch.readiness().rules.is_some()
    })
    .await?;
    for change in [-3, -4] {
        world
            .enforce(&[bundle("marks", &meeting(change, &verdict(1, 0)))])
            .await?;
    }
    world.finish(running).await?;
    expect![[r#"
        (0,-1,99,{},0,)
        (1,-2,97,{},2,)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_change_under_load_decide_every_record_by_one_revision() -> Result<()> {
    let mut world = World::new(4).await?;
    world.products(20, 1_000_000).await?;
    let shelf = Shelf::new(world.settings.rules.trust.clone())?;
    let odd = bundle("marks", &verdict(1, 0));
    let even = bundle("marks", &verdict(1, 1));
    world
        .enforce_from(&shelf, std::slice::from_ref(&odd))
        .await?;
    let running = world.run();
    let shape = Shape {
        skus: 20,
        keyed: false,
        partitions: 4,
        poison: 0.0,
        duplicates: 0.0,
        ..Shape::default()
    };
    let mut traffic = Traffic::new(shape, 7);
    let mut newest = 1;
    for round in 0..30 {
        world.send_all(traffic.by_ref().take(200))?;
        if round % 5 == 0 {
            world.caught_up().await?;
        }
        let next = if round % 2 == 0 { &even } else { &odd };
        newest = world
            .enforce_from(&shelf, std::slice::from_ref(next))
            .await?;
    }
    world.caught_up().await?;
    assert_eq!(newest, 31);
    let used = "SELECT count(DISTINCT ruleset_revision) > 3 FROM ledger WHERE kind = 'adjust'";
    world.until(used, true).await?;
    let decided_otherwise = "SELECT count(*) FROM ledger WHERE kind = 'adjust'
        AND flags <> CASE ruleset_revision % 2 WHEN 1 THEN '{first}'::text[] ELSE '{second}' END";
    world.until(decided_otherwise, 0).await?;
    let went_back = "SELECT count(*) FROM (
        SELECT ruleset_revision - lag(ruleset_revision) OVER (PARTITION BY partition ORDER BY record_offset) AS step
        FROM ledger WHERE kind = 'adjust') s WHERE step < 0";
    world.until(went_back, 0).await?;
    world.finish(running).await
}
