//! What people change: pushes, activations on a condition, roll-backs.

use std::sync::Arc;

use anyhow::Result;
use plimsoll_core::rules::{self, Error};
use plimsoll_rule_host::Bundle;
use plimsoll_rule_host::bundle::{self, CodeText, ManifestError};
use plimsoll_wire::Malformed;
use tokio::task::JoinSet;

use crate::bundles::{self, rule};
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_stored_once_and_a_new_signature_renews_a_bundle() -> Result<()> {
    let world = World::new().await?;
    let bundle = bundles::named("first");
    let expired = bundles::signed_until(&bundle, 1_000_000_000);
    world.smuggle(bundle.digest(), &expired).await?;
    let refused = world.activate(&rule(bundle.digest(), "enforce")).await;
    let refused = refused.expect_err("it has expired").reason();
    assert!(refused.ends_with("has expired"), "{refused}");
    for new in [true, false] {
        let file = bundles::signed(&bundle);
        let pushed = rules::push(&world.db, &world.shelf, &file, "pusher").await?;
        assert_eq!((pushed.digest, pushed.new), (bundle.digest(), new));
    }
    assert_eq!(
        world
            .value("SELECT count(*) FROM plimsoll_internal.bundles")
            .await?,
        "2"
    );
    assert_eq!(world.activate(&rule(bundle.digest(), "enforce")).await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_nobody_trusted_signed_is_not_stored() -> Result<()> {
    let world = World::new().await?;
    let file = bundles::named("first").to_bytes();
    let refused = rules::push(&world.db, &world.shelf, &file, "pusher").await;
    let refused = refused.expect_err("it is not signed").reason();
    assert_eq!(
        refused,
        "the file is refused: the signature is refused: it is not signed"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_that_expects_another_revision_is_refused() -> Result<()> {
    let world = World::new().await?;
    let toml = rule(world.pushed("first").await?, "enforce");
    assert_eq!(world.activate_if(Some(0), &toml).await?, 1);
    let moved = world
        .activate_if(Some(0), &toml)
        .await
        .expect_err("it is 1");
    let Error::Moved {
        expected: 0,
        found: 1,
    } = moved
    else {
        panic!("{moved}");
    };
    assert_eq!(world.activate_if(Some(1), &toml).await?, 2);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_expect_the_same_revision_one_succeeds() -> Result<()> {
    let world = Arc::new(World::new().await?);
    let toml = rule(world.pushed("first").await?, "enforce");
    let mut done = 0;
    for activated in eight_at_once(&world, Some(0), &toml).await {
        match activated {
            Ok(revision) => done += revision,
            Err(Error::Moved { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    assert_eq!(done, 1);
    for activated in eight_at_once(&world, None, &toml).await {
        activated?;
    }
    assert_eq!(
        world
            .value("SELECT max(revision) FROM plimsoll_internal.rulesets")
            .await?,
        "9"
    );
    Ok(())
}

async fn eight_at_once(
    world: &Arc<World>,
    expected: Option<i32>,
    toml: &str,
) -> Vec<Result<i32, Error>> {
    let mut all = JoinSet::new();
    for _ in 0..8 {
        let (world, toml) = (Arc::clone(world), toml.to_owned());
        all.spawn(async move { world.activate_if(expected, &toml).await });
    }
    all.join_all().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_replicas_would_refuse_is_not_activated() -> Result<()> {
    let world = World::new().await?;
    let digest = world.pushed("first").await?;
    let bad = bundles::contradicting_itself();
    world.push(&bundles::signed(&bad)).await?;
    for (toml, why) in [
        (rule(bad.digest(), "shadow"), "is refused: case `any`: "),
        (
            rule(plimsoll_rule_host::Digest([7; 32]), "shadow"),
            "its bundle is not here: push it first, with `plimsoll rules push FILE`",
        ),
        (
            rule(digest, "shadow") + "parameters = { limit = 101 }",
            "`limit` is 101, but it goes from 0 to 100",
        ),
        (
            rule(digest, "shadow") + "parameters = { most = 1 }",
            "it has no parameter `most`: it has `limit`",
        ),
    ] {
        let refused = world.activate(&toml).await.expect_err(why).reason();
        assert!(refused.contains(why), "{refused}");
    }
    assert_eq!(
        world
            .value("SELECT count(*) FROM plimsoll_internal.rulesets")
            .await?,
        "0"
    );
    // What is off is asked nothing.
    assert_eq!(world.activate(&rule(bad.digest(), "off")).await?, 1);
    Ok(())
}

#[test]
fn no_rule_answers_with_the_code_of_a_record_that_is_no_event() {
    let good = bundles::named("first");
    for name in Malformed::CODES {
        let mut manifest = good.manifest().clone();
        manifest.codes.push(CodeText {
            name: name.into(),
            message: "It is refused.".into(),
        });
        let packed = Bundle::pack(&manifest, good.component().to_vec(), good.cases());
        let refused = packed.expect_err(name);
        assert!(matches!(
            refused,
            bundle::Error::Manifest(ManifestError::Reserved(code)) if code == name
        ));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_roll_back_is_a_new_revision_that_repeats_an_older_one() -> Result<()> {
    let world = World::new().await?;
    let back = |to| rules::rollback(&world.db, &world.shelf, to, "operator");
    assert!(matches!(back(None).await, Err(Error::NothingBefore)));
    let digest = world.pushed("first").await?;
    for mode in ["shadow", "canary 5%", "enforce", "enforce"] {
        world.activate(&rule(digest, mode)).await?;
    }
    let rolled = back(None).await?;
    assert_eq!((rolled.revision, rolled.repeats), (5, 2));
    // Without a name, what was left would come back.
    let refused = back(None).await.expect_err("it went back already");
    assert_eq!(
        refused.to_string(),
        "revision 5 is a roll-back itself, and the one before it is what was left: name the \
         revision to repeat with `--to REVISION`"
    );
    let rolled = back(Some(1)).await?;
    assert_eq!((rolled.revision, rolled.repeats), (6, 1));
    assert!(matches!(back(Some(9)).await, Err(Error::NoRevision(9))));
    let said = "SELECT string_agg(format('%s %s %s', revision, activated_by, reason), ', ' ORDER BY revision)
                FROM plimsoll_internal.rulesets WHERE revision > 4";
    assert_eq!(
        world.value(said).await?,
        "5 operator roll-back to revision 2, 6 operator roll-back to revision 1"
    );
    let replica = world.replica("one").await?;
    assert_eq!(replica.rules.now().revision(), 6);
    Ok(())
}
