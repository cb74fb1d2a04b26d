//! Replicas follow the desired ruleset, and start with one that they may use.

use std::time::Duration;

use anyhow::Result;
use plimsoll_core::rules::{self, Settings};

use crate::bundles::{self, rule};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn every_replica_follows_and_says_so() -> Result<()> {
    let world = World::new().await?;
    let (one, other) = (world.replica("one").await?, world.replica("other").await?);
    assert!(one.rules.now().is_silent() && one.rules.now().revision() == 0);
    let digest = world.pushed("first").await?;
    for revision in 1..=3 {
        assert_eq!(world.activate(&rule(digest, "enforce")).await?, revision);
        for replica in [&one, &other] {
            assert!(!replica.reaches(revision).await?.is_silent());
            assert!(replica.shows(&format!("plimsoll_ruleset_revision {revision}")));
        }
    }
    let query = "SELECT string_agg(format('%s %s %s %s', instance, desired, active, error), ', ' ORDER BY instance)
                 FROM plimsoll_internal.replicas";
    world.until(query, "one 3 3 , other 3 3 ").await?;
    let status = rules::status(&world.db).await?;
    let desired = status.desired.expect("there is one");
    assert_eq!(
        (desired.revision, desired.rules[0].name.as_str()),
        (3, "first")
    );
    assert!(status.replicas.iter().all(|replica| {
        replica.running && replica.active_digest.as_ref() == Some(&desired.digest)
    }));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_begins_with_the_desired_ruleset() -> Result<()> {
    let world = World::new().await?;
    let digest = world.pushed("first").await?;
    world.activate(&rule(digest, "enforce")).await?;
    let replica = world.replica("one").await?;
    assert_eq!(replica.rules.now().revision(), 1);
    Ok(())
}

/// What decided yesterday must decide today, whoever restarts: lanes wait for a ruleset.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_begins_with_a_ruleset_whose_signature_expired_after_it_was_activated()
-> Result<()> {
    let world = World::new().await?;
    let bundle = bundles::named("expired");
    let (digest, end) = (bundle.digest(), 1_000_000_000);
    let file = bundles::signed_until(&bundle, end);
    world.smuggle(digest, &file).await?;
    world.impose(&document(&rule(digest, "enforce"))).await?;
    let activated = async |at: i64| {
        let set = "UPDATE plimsoll_internal.rulesets SET activated_at = to_timestamp";
        world.sql(&format!("{set}({at})")).await
    };
    activated(end - 1).await?;
    let replica = world.replica("one").await?;
    assert_eq!(replica.rules.now().revision(), 1);
    // A new revision is new: it needs a signature that is valid now.
    let refused = world.activate(&rule(digest, "shadow")).await;
    let refused = refused.expect_err("it has expired").reason();
    assert!(refused.contains("has expired"), "{refused}");
    activated(end + 1).await?;
    let refused = world.replica("other").await.err().expect("it may not run");
    assert!(refused.to_string().contains("has expired"), "{refused}");
    Ok(())
}

/// Looking is as good as switched off: what comes was heard.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_hears_of_a_ruleset_before_it_would_look() -> Result<()> {
    let world = World::new().await?;
    let digest = world.pushed("first").await?;
    let settings = Settings {
        look: Duration::from_secs(86_400),
        ..bundles::settings()
    };
    let replica = world.replica_with("one", &settings).await?;
    let listening = "SELECT count(*) FROM pg_stat_activity
                     WHERE datname = current_database() AND query ILIKE 'LISTEN %'";
    world.until(listening, 1).await?;
    for revision in 1..=3 {
        world.activate(&rule(digest, "enforce")).await?;
        replica.reaches(revision).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_takes_the_last_good_ruleset_if_the_desired_one_is_bad() -> Result<()> {
    let world = World::new().await?;
    let digest = world.pushed("first").await?;
    world.activate(&rule(digest, "enforce")).await?;
    world.activate(&rule(digest, "shadow")).await?;
    let bad = bundles::contradicting_itself();
    world.push(&bundles::signed(&bad)).await?;
    world
        .impose(&document(&rule(bad.digest(), "enforce")))
        .await?;
    let replica = world.replica("one").await?;
    assert_eq!(replica.rules.now().revision(), 2);
    let error =
        "SELECT error LIKE 'revision 3: the bundle contradicting (%) is refused: case `any`%'
                 FROM plimsoll_internal.replicas";
    world.until(error, true).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_good_ruleset_stays_under_a_bad_one_until_a_lane_needs_one_in_between() -> Result<()> {
    let world = World::new().await?;
    let digest = world.pushed("first").await?;
    world.activate(&rule(digest, "enforce")).await?;
    let replica = world.replica("one").await?;
    let bad = rule(plimsoll_rule_host::Digest([7; 32]), "enforce");
    let newer = [rule(digest, "shadow"), rule(digest, "canary 5%"), bad];
    world.impose_all(&newer.map(|toml| document(&toml))).await?;
    let error = "SELECT error LIKE 'revision 4: %' FROM plimsoll_internal.replicas WHERE active = ";
    world.until(&format!("{error} 1"), true).await?;
    replica.rules.want(2);
    world.until(&format!("{error} 3"), true).await?;
    assert_eq!(replica.rules.now().revision(), 3);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_runs_while_no_ruleset_can_be_made_ready() -> Result<()> {
    let world = World::new().await?;
    let digest = bundles::named("first").digest();
    world.impose(&document(&rule(digest, "enforce"))).await?;
    let refused = world.replica("one").await.err().expect("it may not run");
    let refused = refused.to_string();
    assert!(
        refused.starts_with("no ruleset can be made ready: revision 1: "),
        "{refused}"
    );
    assert!(
        refused.contains("its bundle is not here: push it first"),
        "{refused}"
    );
    world.pushed("first").await?;
    assert_eq!(world.replica("one").await?.rules.now().revision(), 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_went_back_takes_its_replicas_with_it() -> Result<()> {
    let world = World::new().await?;
    let digest = world.pushed("first").await?;
    world.activate(&rule(digest, "enforce")).await?;
    world.activate(&rule(digest, "shadow")).await?;
    let replica = world.replica("one").await?;
    replica.reaches(2).await?;
    world
        .sql("DELETE FROM plimsoll_internal.rulesets WHERE revision = 2")
        .await?;
    replica.reaches(1).await?;
    world.activate(&rule(digest, "off")).await?;
    assert!(replica.reaches(2).await?.is_silent());
    Ok(())
}

pub(crate) fn document(toml: &str) -> plimsoll_rule_host::Document {
    plimsoll_rule_host::Document::from_toml(toml).expect("it is well written")
}
