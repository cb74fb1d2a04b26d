//! A bundle that gives no valid answers is sent back by the service itself.

use anyhow::Result;
use plimsoll_core::rules::{self, Error};
use plimsoll_domain::{Code, Said};
use plimsoll_rule_host::ruleset::Faulted;
use plimsoll_rule_host::{Digest, Fault, FaultKind, Report};

use crate::bundles::{self, rule};
use crate::following::document;
use crate::world::{Replica, World};

const LAST: &str =
    "SELECT format('%s %s', activated_by, regexp_replace(reason, '[0-9a-f]{64}', '…'))
                    FROM plimsoll_internal.rulesets ORDER BY revision DESC LIMIT 1";

/// Batches under this revision without a valid answer of this bundle, so many that nobody can
/// overlook it.
fn faults(replica: &Replica, revision: i32, bundle: Digest) {
    let fault = Faulted {
        question: 0,
        said: Said {
            rule: 0,
            code: Code::Fault,
        },
        rule: "r".into(),
        bundle,
        enforced: true,
        fault: Fault {
            kind: FaultKind::Deadline,
            detail: String::new(),
        },
    };
    let report = Report {
        faults: vec![fault; 20],
        ..Report::default()
    };
    replica.rules.faulted(revision, &report);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_at_fault_goes_back_to_the_ruleset_before_it() -> Result<()> {
    let world = World::new().await?;
    let (old, new) = (world.pushed("old").await?, world.pushed("new").await?);
    world.activate(&rule(old, "enforce")).await?;
    world.activate(&rule(new, "enforce")).await?;
    let (one, other) = (world.replica("one").await?, world.replica("other").await?);
    faults(&one, 2, new);
    faults(&other, 2, new);
    for replica in [&one, &other] {
        assert_eq!(
            replica.reaches(3).await?.digest(),
            document(&rule(old, "enforce")).digest()
        );
    }
    assert_eq!(
        world.value(LAST).await?,
        "breaker bundle new 1.0.0 (…) gave no valid answer 20 times within 60 s, the last time for \
         the reason `deadline`: back to revision 1"
    );
    let unnamed = rules::rollback(&world.db, &world.shelf, None, "operator").await;
    assert!(matches!(unnamed, Err(Error::WentBack(3))));
    // The old one is no better: nothing is left but to do without it.
    faults(&one, 3, old);
    assert!(one.reaches(4).await?.is_silent());
    assert!(world.value(LAST).await?.ends_with("it is off"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_was_there_before_is_off_and_the_others_stay() -> Result<()> {
    let world = World::new().await?;
    let (bad, good) = (world.pushed("bad").await?, world.pushed("good").await?);
    world.activate(&rule(bad, "enforce")).await?;
    world
        .activate(&(rule(bad, "enforce") + &rule(good, "enforce")))
        .await?;
    let replica = world.replica("one").await?;
    faults(&replica, 2, bad);
    assert_eq!(
        replica.reaches(3).await?.digest(),
        document(&(rule(bad, "off") + &rule(good, "enforce"))).digest()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shadow_at_fault_is_off_and_what_came_with_it_stays() -> Result<()> {
    let world = World::new().await?;
    let (bad, good) = (world.pushed("bad").await?, world.pushed("good").await?);
    world.activate(&rule(good, "shadow")).await?;
    world
        .activate(&(rule(bad, "shadow") + &rule(good, "enforce")))
        .await?;
    let replica = world.replica("one").await?;
    faults(&replica, 2, bad);
    assert_eq!(
        replica.reaches(3).await?.digest(),
        document(&(rule(bad, "off") + &rule(good, "enforce"))).digest()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ruleset_before_that_is_not_usable_any_more_is_no_way_back() -> Result<()> {
    let world = World::new().await?;
    let (lost, bad) = (world.pushed("lost").await?, world.pushed("bad").await?);
    world.activate(&rule(lost, "enforce")).await?;
    world.activate(&rule(bad, "enforce")).await?;
    let replica = world.replica("one").await?;
    let gone = format!("DELETE FROM plimsoll_internal.bundles WHERE digest = '{lost}'");
    world.sql(&gone).await?;
    faults(&replica, 2, bad);
    assert_eq!(
        replica.reaches(3).await?.digest(),
        document(&rule(bad, "off")).digest()
    );
    // The one before it may be.
    let good = world.pushed("good").await?;
    for bundle in [good, lost, bad] {
        world.impose(&document(&rule(bundle, "enforce"))).await?;
    }
    replica.reaches(6).await?;
    faults(&replica, 6, bad);
    assert_eq!(
        replica.reaches(7).await?.digest(),
        document(&rule(good, "enforce")).digest()
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_came_step_by_step_goes_back_to_before_its_first_step() -> Result<()> {
    let world = World::new().await?;
    let (old, new) = (world.pushed("old").await?, world.pushed("new").await?);
    world.activate(&rule(old, "enforce")).await?;
    for step in ["shadow", "canary 10%"] {
        world
            .activate(&(rule(old, "enforce") + &rule(new, step)))
            .await?;
    }
    world.activate(&rule(new, "enforce")).await?;
    let replica = world.replica("one").await?;
    faults(&replica, 4, new);
    assert_eq!(
        replica.reaches(5).await?.digest(),
        document(&rule(old, "enforce")).digest()
    );
    assert!(world.value(LAST).await?.ends_with("back to revision 1"));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_person_left_does_not_come_back() -> Result<()> {
    let world = World::new().await?;
    let (old, left) = (world.pushed("old").await?, world.pushed("left").await?);
    world.activate(&rule(old, "enforce")).await?;
    world.activate(&rule(left, "enforce")).await?;
    rules::rollback(&world.db, &world.shelf, None, "operator").await?;
    let replica = world.replica("one").await?;
    faults(&replica, 3, old);
    assert!(replica.reaches(4).await?.is_silent());
    assert!(world.value(LAST).await?.ends_with("it is off"));
    Ok(())
}

/// Nobody signs anew when the breaker trips: neither what it goes back to nor what stays beside a
/// bundle that is off.
#[tokio::test(flavor = "multi_thread")]
async fn a_neighbour_whose_signature_expired_meanwhile_does_not_disarm_it() -> Result<()> {
    let world = World::new().await?;
    let (old, new) = (world.pushed("old").await?, world.pushed("new").await?);
    let (neighbour, end) = (bundles::named("neighbour"), 1_000_000_000);
    let file = bundles::signed_until(&neighbour, end);
    world.smuggle(neighbour.digest(), &file).await?;
    let beside = |bundle, mode| rule(bundle, mode) + &rule(neighbour.digest(), "enforce");
    let both = [beside(old, "enforce"), beside(new, "enforce")];
    world.impose_all(&both.map(|toml| document(&toml))).await?;
    let set = "UPDATE plimsoll_internal.rulesets SET activated_at = to_timestamp";
    world.sql(&format!("{set}({})", end - 1)).await?;
    let replica = world.replica("one").await?;
    for (revision, bad, becomes) in [(2, new, "enforce"), (3, old, "off")] {
        faults(&replica, revision, bad);
        assert_eq!(
            replica.reaches(revision + 1).await?.digest(),
            document(&beside(old, becomes)).digest()
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_under_a_ruleset_that_was_replaced_change_nothing() -> Result<()> {
    let world = World::new().await?;
    let bundle = world.pushed("mended").await?;
    world.activate(&rule(bundle, "enforce")).await?;
    let mended = rule(bundle, "enforce") + "parameters = { limit = 1 }\n";
    world.activate(&mended).await?;
    let replica = world.replica("one").await?;
    faults(&replica, 1, bundle);
    // The look that finds this one deals with what tripped before it.
    world.activate(&mended).await?;
    replica.reaches(3).await?;
    world
        .until("SELECT max(revision) FROM plimsoll_internal.rulesets", 3)
        .await?;
    assert_eq!(world.value(LAST).await?, "activator ");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_acts_although_nobody_can_be_told_who_follows() -> Result<()> {
    let world = World::new().await?;
    let (old, new) = (world.pushed("old").await?, world.pushed("new").await?);
    world.activate(&rule(old, "enforce")).await?;
    world.activate(&rule(new, "enforce")).await?;
    world
        .sql("ALTER TABLE plimsoll_internal.replicas RENAME TO elsewhere")
        .await?;
    let replica = world.replica("one").await?;
    faults(&replica, 2, new);
    replica.reaches(3).await?;
    assert!(world.value(LAST).await?.ends_with("back to revision 1"));
    Ok(())
}
