//! A bundle that gives no valid answers is sent back by the service itself.

use anyhow::Result;
use plimsoll_domain::{Code, Said};
use plimsoll_rule_host::ruleset::Faulted;
use plimsoll_rule_host::{Digest, Fault, FaultKind, Report};

use crate::bundles::rule;
use crate::world::{Replica, World};

const LAST: &str =
    "SELECT format('%s %s', activated_by, regexp_replace(reason, '[0-9a-f]{64}', '…'))
                    FROM plimsoll_internal.rulesets ORDER BY revision DESC LIMIT 1";

/// Batches without a valid answer of this bundle, so many that nobody can overlook it.
fn faults(replica: &Replica, bundle: Digest) {
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
    replica.rules.faulted(&Report {
        faults: vec![fault; 20],
        ..Report::default()
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_at_fault_goes_back_to_the_ruleset_before_it() -> Result<()> {
    let world = World::new().await?;
    let (old, new) = (world.pushed("old").await?, world.pushed("new").await?);
    world.activate(&rule(old, "enforce")).await?;
    world.activate(&rule(new, "enforce")).await?;
    let (one, other) = (world.replica("one").await?, world.replica("other").await?);
    faults(&one, new);
    faults(&other, new);
    for replica in [&one, &other] {
        assert_eq!(
            replica.reaches(3).await?.digest(),
            crate::following::document(&rule(old, "enforce")).digest()
        );
    }
    assert_eq!(
        world.value(LAST).await?,
        "breaker bundle new 1.0.0 (…) gave no valid answer 20 times within 60 s, the last time for \
         the reason `deadline`: back to revision 1"
    );
    // The old one is no better: nothing is left but to do without it.
    faults(&one, old);
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
    faults(&replica, bad);
    assert_eq!(
        replica.reaches(3).await?.digest(),
        crate::following::document(&(rule(bad, "off") + &rule(good, "enforce"))).digest()
    );
    Ok(())
}
