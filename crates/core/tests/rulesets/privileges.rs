//! The role of the service is enough to follow and to send a bundle back, and for nothing else.

use anyhow::Result;
use plimsoll_core::rules::Wish;

use crate::bundles::{self, rule};
use crate::following::document;
use crate::world::{Replica, World};

#[tokio::test(flavor = "multi_thread")]
async fn the_runtime_role_follows_and_rolls_back_and_can_change_no_bundle_and_no_ruleset()
-> Result<()> {
    let world = World::new().await?;
    world
        .sql("CREATE ROLE shop_rules LOGIN IN ROLE plimsoll_runtime")
        .await?;
    let digest = world.pushed("first").await?;
    world.activate(&rule(digest, "enforce")).await?;
    let url = world.url.replace("plimsoll@", "shop_rules@");
    let replica = Replica::new(&bundles::settings(), &url, "one")?;
    replica.rules.start().await?;
    let replica = replica.follow();
    world
        .until("SELECT active FROM plimsoll_internal.replicas", 1)
        .await?;
    let theirs = sea_orm::Database::connect(&url).await?;
    let wish = Wish {
        by: "shop_rules",
        reason: "",
        expected: Some(1),
    };
    let off = document(&rule(digest, "off"));
    plimsoll_core::rules::activate(&theirs, &world.shelf, &off, None, wish).await?;
    replica.reaches(2).await?;
    for forbidden in [
        "INSERT INTO plimsoll_internal.bundles (digest, name, version, file, pushed_by) SELECT digest, 'x', version, '', pushed_by FROM plimsoll_internal.bundles",
        "UPDATE plimsoll_internal.bundles SET name = 'x'",
        "DELETE FROM plimsoll_internal.bundles",
        "UPDATE plimsoll_internal.rulesets SET reason = 'x'",
        "DELETE FROM plimsoll_internal.rulesets",
        "TRUNCATE plimsoll_internal.rulesets",
    ] {
        let tried = world
            .sql(&format!("SET LOCAL ROLE shop_rules; {forbidden}"))
            .await;
        let refusal = format!("{:#}", tried.expect_err(forbidden));
        assert!(
            refusal.contains("permission denied"),
            "{forbidden}: {refusal}"
        );
    }
    Ok(())
}
