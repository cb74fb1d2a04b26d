//! What cannot be made ready changes nothing: the present ruleset stays, and the failing step is
//! named, with the bundle.

use anyhow::Result;
use plimsoll_rule_host::Bundle;
use plimsoll_rule_host::bundle::{Digest, NEVER};
use plimsoll_rule_host::keys::SigningKey;

use crate::bundles::{self, rule};
use crate::following::document;
use crate::world::World;

/// A replica with a good ruleset meets one whose bundle is `file`; it stays where it is.
async fn keeps_the_present(digest: Digest, file: Vec<u8>, step: &str) -> Result<()> {
    let world = World::new().await?;
    let good = world.pushed("good").await?;
    world.activate(&rule(good, "enforce")).await?;
    let replica = world.replica("one").await?;
    world.smuggle(digest, &file).await?;
    world.impose(&document(&rule(digest, "enforce"))).await?;
    let error = format!("revision 2: {step}");
    let told = "SELECT regexp_replace(error, '[0-9a-f]{64}', '…', 'g') FROM plimsoll_internal.replicas WHERE desired = 2";
    world.until(told, error).await?;
    assert_eq!(replica.rules.now().revision(), 1);
    assert!(replica.shows("plimsoll_ruleset_revision 1"));
    // The next good one is followed all the same.
    world.activate(&rule(good, "shadow")).await?;
    replica.reaches(3).await?;
    world
        .until("SELECT error IS NULL FROM plimsoll_internal.replicas", true)
        .await
}

fn bundle() -> Bundle {
    bundles::named("other")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unsigned_bundle() -> Result<()> {
    let step =
        "the bundle smuggled (…) is refused: verify: the signature is refused: it is not signed";
    keeps_the_present(bundle().digest(), bundle().to_bytes(), step).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_signed_by_a_stranger() -> Result<()> {
    let stranger = SigningKey::from_seed(&[9; 32]);
    let file = bundle().sign(&stranger, NEVER)?.to_bytes();
    let step = "the bundle smuggled (…) is refused: verify: the signature is refused: it is signed by ed25519:…, which is not trusted";
    keeps_the_present(bundle().digest(), file, step).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_whose_signature_has_expired() -> Result<()> {
    let file = bundles::signed_until(&bundle(), 1_000_000_000);
    let step = "the bundle smuggled (…) is refused: verify: the signature is refused: the signature of ed25519:… has expired";
    keeps_the_present(bundle().digest(), file, step).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tampered_bundle() -> Result<()> {
    let mut file = bundles::signed(&bundle());
    let middle = file.len() / 2;
    file[middle] ^= 1;
    let step = "the bundle smuggled (…) is refused: verify: the signature is refused: the signature of ed25519:… does not fit the content: the file was changed";
    keeps_the_present(bundle().digest(), file, step).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_is_stored_under_the_digest_of_another() -> Result<()> {
    let file = bundles::signed(&bundle());
    let step = "what is stored as bundle … is another: push it again";
    keeps_the_present(Digest([7; 32]), file, step).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_that_breaks_its_own_case() -> Result<()> {
    let bad = bundles::contradicting_itself();
    let step = "the bundle smuggled (…) is refused: case `any`: it answers Accept, expected is Reject(\"never\")";
    keeps_the_present(bad.digest(), bundles::signed(&bad), step).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ruleset_that_was_changed_after_it_was_activated() -> Result<()> {
    let world = World::new().await?;
    let good = world.pushed("good").await?;
    world.activate(&rule(good, "enforce")).await?;
    let replica = world.replica("one").await?;
    let other = document(&rule(good, "shadow"));
    world
        .sql(&format!(
            "INSERT INTO plimsoll_internal.rulesets (revision, digest, document, activated_by)
             SELECT 2, '{}', document, 'nobody' FROM plimsoll_internal.rulesets",
            other.digest()
        ))
        .await?;
    let told = "SELECT error FROM plimsoll_internal.replicas WHERE desired = 2";
    let error =
        "revision 2: revision 2 is not what was activated: its digest is another. Activate it anew";
    world.until(told, error).await?;
    assert_eq!(replica.rules.now().revision(), 1);
    Ok(())
}
