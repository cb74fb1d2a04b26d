//! A folder that is followed: for development, and for what an automation writes.

use std::fs;
use std::path::Path;

use anyhow::Result;
use plimsoll_core::rules::{self, Settings};

use crate::bundles::{self, rule};
use crate::world::World;

const LAST: &str = "SELECT format('%s %s', revision, activated_by) FROM plimsoll_internal.rulesets
                    ORDER BY revision DESC LIMIT 1";

fn followed(folder: &Path) -> Settings {
    Settings {
        folder: Some(folder.to_owned()),
        ..bundles::settings()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_in_a_folder_is_pushed_and_activated_once() -> Result<()> {
    let (world, folder) = (World::new().await?, tempfile::tempdir()?);
    let settings = followed(folder.path());
    let path = |name: &str| folder.path().join(name);
    let (first, second) = (bundles::named("first"), bundles::named("second"));
    fs::write(path("first.bundle"), bundles::signed(&first))?;
    fs::write(path("ruleset.toml"), rule(first.digest(), "enforce"))?;
    fs::write(path("README.md"), "nobody reads this")?;
    let watching = || world.replica_with("one", &settings);
    let (replica, other) = (
        watching().await?,
        world.replica_with("two", &settings).await?,
    );
    replica.reaches(1).await?;
    // A ruleset before its bundle is refused, and taken when the bundle is there.
    let both = rule(first.digest(), "enforce") + &rule(second.digest(), "shadow");
    fs::write(path("ruleset.toml"), both)?;
    fs::write(path("second.plimsoll"), bundles::signed(&second))?;
    replica.reaches(2).await?;
    other.reaches(2).await?;
    assert_eq!(world.value(LAST).await?, "2 folder");
    // A roll-back stays until the folder says something else, also over a restart.
    rules::rollback(&world.db, &world.shelf, None, "operator").await?;
    replica.reaches(3).await?;
    drop((replica, other));
    let replica = watching().await?;
    world
        .until("SELECT updated_at > (SELECT max(activated_at) FROM plimsoll_internal.rulesets) FROM plimsoll_internal.replicas WHERE instance = 'one'", true)
        .await?;
    fs::write(path("ruleset.toml"), rule(second.digest(), "enforce"))?;
    replica.reaches(4).await?;
    assert_eq!(world.value(LAST).await?, "4 folder");
    assert_eq!(
        world
            .value("SELECT count(*) FROM plimsoll_internal.bundles")
            .await?,
        "2"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_with_something_wrong_in_it_changes_nothing() -> Result<()> {
    let (world, folder) = (World::new().await?, tempfile::tempdir()?);
    let settings = followed(folder.path());
    let path = |name: &str| folder.path().join(name);
    let bundle = bundles::named("first");
    fs::write(path("first.bundle"), bundle.to_bytes())?;
    fs::write(path("ruleset.toml"), rule(bundle.digest(), "enforce"))?;
    let replica = world.replica_with("one", &settings).await?;
    world
        .until("SELECT count(*) FROM plimsoll_internal.replicas", 1)
        .await?;
    // Nothing is no ruleset either, but how a file begins.
    fs::write(path("ruleset.toml"), " \n")?;
    fs::write(path("first.bundle"), bundles::signed(&bundle))?;
    world
        .until("SELECT count(*) FROM plimsoll_internal.bundles", 1)
        .await?;
    // The next bundle comes when all about the first was done.
    let second = bundles::signed(&bundles::named("second"));
    fs::write(path("second.bundle"), second)?;
    world
        .until("SELECT count(*) FROM plimsoll_internal.bundles", 2)
        .await?;
    assert_eq!(
        world
            .value("SELECT count(*) FROM plimsoll_internal.rulesets")
            .await?,
        "0"
    );
    fs::write(path("ruleset.toml"), rule(bundle.digest(), "enforce"))?;
    replica.reaches(1).await?;
    Ok(())
}
