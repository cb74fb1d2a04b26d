//! How a rule is bound: as a shadow, for a share of the SKUs, with another answer to its faults, and
//! what the breaker does about one that faults again and again while events flow.

use anyhow::Result;
use plimsoll_rule_host::Bundle;
use plimsoll_rule_host::ruleset::{Binding, Mode, OnFault};

use crate::world::{World, adjust, bundle, enforce, eventually, meeting, verdict};

/// What no rule likes here.
const BAD: i64 = -13;

fn trapping() -> Bundle {
    bundle("traps", &meeting(BAD, "(unreachable)"))
}

/// One of each SKU.
fn bad_ones(skus: i64) -> impl Iterator<Item = crate::world::Said> {
    (0..skus).map(|n| adjust(&format!("SKU{n}"), BAD))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_faults_again_and_again_is_sent_back_while_events_flow() -> Result<()> {
    let mut world = World::new(1).await?;
    world.products(30, 1_000).await?;
    let marks = bundle("marks", &verdict(1, 0));
    world.enforce(&[marks]).await?;
    world.enforce(&[trapping()]).await?;
    let running = world.run();
    world.send(0, bad_ones(25))?;
    let reason = "SELECT activated_by || right(reason, 20) FROM plimsoll_internal.rulesets WHERE revision = 3";
    world
        .until(
            &format!("SELECT coalesce(({reason}), '')"),
            "breaker: back to revision 1",
        )
        .await?;
    eventually("it follows", || {
        running.metric("plimsoll_ruleset_revision") == 3.0
    })
    .await?;
    world.send(0, [adjust("SKU27", BAD)])?;
    world.finish(running).await?;
    let under = "SELECT ruleset_revision || array_to_string(flags, '') FROM ledger WHERE sku = 'SKU27' AND kind = 'adjust'";
    world.until(under, "3first").await?;
    let parked = "SELECT count(*) FROM parked WHERE code = 'rule_fault' AND ruleset_revision = 2";
    world.until(parked, 25).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_that_faults_changes_nothing_and_is_counted() -> Result<()> {
    let mut world = World::new(1).await?;
    world.products(3, 1_000).await?;
    let shadow = Binding {
        mode: Mode::Shadow,
        ..enforce(&trapping())
    };
    world.bind(vec![shadow], &[trapping()]).await?;
    let running = world.run();
    world.send(0, bad_ones(3))?;
    world.caught_up().await?;
    let faults = || running.metric(r#"plimsoll_rule_faults_total{bundle="traps",kind="trap"}"#);
    eventually("all three are counted", || faults() == 3.0).await?;
    world.finish(running).await?;
    world
        .until("SELECT count(*) FROM ledger WHERE kind = 'adjust'", 3)
        .await?;
    world.until("SELECT count(*) FROM parked", 0).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_may_have_its_faults_refuse_intents_and_facts_wait_all_the_same() -> Result<()> {
    let mut world = World::new(1).await?;
    world.products(2, 1_000).await?;
    let refuses = Binding {
        on_fault: OnFault::Reject,
        ..enforce(&trapping())
    };
    world.bind(vec![refuses], &[trapping()]).await?;
    let running = world.run();
    world.send(0, [adjust("SKU0", BAD), adjust("SKU1", BAD).fact()])?;
    world.finish(running).await?;
    let outcomes = "SELECT string_agg(concat_ws(' ', sku, what, code), ', ' ORDER BY sku) FROM (
        SELECT sku, outcome::text AS what, code FROM refusals UNION ALL SELECT sku, 'parked', code FROM parked) o";
    world
        .until(outcomes, "SKU0 rejected rule_fault, SKU1 parked rule_fault")
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_canary_decides_for_its_share_of_the_skus_and_a_larger_one_keeps_them() -> Result<()> {
    let mut world = World::new(1).await?;
    world.products(100, 1_000_000).await?;
    let refuses = bundle("refuses", &meeting(BAD, &verdict(3, 0)));
    let running = world.run();
    for percent in [20, 60] {
        let canary = Binding {
            mode: Mode::Canary { percent },
            ..enforce(&refuses)
        };
        let revision = world
            .bind(vec![canary], std::slice::from_ref(&refuses))
            .await?;
        eventually("it follows", || {
            running.metric("plimsoll_ruleset_revision") == f64::from(revision)
        })
        .await?;
        world.send(0, bad_ones(100).chain(bad_ones(100)))?;
        world.caught_up().await?;
    }
    world.finish(running).await?;
    let of = |revision| {
        format!(
            "SELECT sku FROM refusals WHERE ruleset_revision = {revision} GROUP BY sku HAVING count(*) = 2"
        )
    };
    let (small, large) = (of(1), of(2));
    world
        .until(
            &format!("SELECT count(*) FROM ({small} EXCEPT {large}) s"),
            0,
        )
        .await?;
    // Both events of a SKU had the same answer, and the shares are about what was asked.
    world
        .until(
            &format!("SELECT (SELECT count(*) FROM ({small}) s) BETWEEN 8 AND 35 AND (SELECT count(*) FROM ({large}) s) BETWEEN 45 AND 75"),
            true,
        )
        .await?;
    let halved = "SELECT count(*) FROM (SELECT 1 FROM refusals GROUP BY sku, ruleset_revision HAVING count(*) <> 2) s";
    world.until(halved, 0).await
}
