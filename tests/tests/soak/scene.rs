//! What all scenarios share: products, members of the group, progress, and the judgement at the end.

use std::time::Duration;

use plimsoll_sandbox::workload::Shape;
use plimsoll_tests::checker::{Expect, at_end};
use plimsoll_tests::ours::{self, Plimsoll, Settings};

const PATIENCE: Duration = Duration::from_secs(120);

/// The group gives up on a silent member soon.
pub(crate) const IMPATIENT: &str =
    "[kafka.properties]\n\"session.timeout.ms\" = \"2000\"\n\"heartbeat.interval.ms\" = \"300\"\n";

/// Batches are small, so that faults meet one.
pub(crate) const SMALL_BATCHES: &str = "[consumer]\nbatch_records_max = 200\n";

/// Units of each product: few enough that floors are met.
const STOCK: i64 = 50;

/// Few SKUs, good and bad records, repeats. Not keyed, every SKU is in every partition.
pub(crate) fn mixed(partitions: i32, keyed: bool) -> Shape {
    Shape {
        partitions,
        skus: 200,
        keyed,
        duplicates: 0.03,
        poison: 0.01,
        increase_share: 0.5,
        ..Shape::default()
    }
}

/// An empty database gets products for nine of ten SKUs.
pub(crate) async fn laid_out(settings: Settings, shape: &Shape) -> Settings {
    let products = ours::prepare(&settings, shape.skus / 10 * 9, STOCK).await;
    products.expect("an adopted table");
    settings
}

pub(crate) fn start(settings: &Settings) -> Plimsoll {
    Plimsoll::start(settings).expect("it starts")
}

/// Waits until so many more records are applied.
pub(crate) async fn goes_on(settings: &Settings, records: i64, members: &[&Plimsoll]) {
    let before = ours::applied(settings).await.expect("positions");
    let more = ours::until(PATIENCE, "more is applied", async || {
        Ok(ours::applied(settings).await? >= before + records)
    });
    or_quote(more.await, members);
}

/// Waits until everything that is in the topic now is applied. `settings` name a listener that takes
/// anybody.
pub(crate) async fn all_is_applied(settings: &Settings, members: &[&Plimsoll]) {
    or_quote(ours::until_applied(settings, PATIENCE).await, members);
}

/// Fails with what the members logged last.
pub(crate) fn or_quote<T>(outcome: anyhow::Result<T>, members: &[&Plimsoll]) -> T {
    outcome.unwrap_or_else(|error| {
        let logs: Vec<String> = members.iter().map(|member| member.log_tail()).collect();
        panic!("{error:#}\n{}", logs.join("\n\n"))
    })
}

/// Ends the members, each with exit code 0, then judges.
pub(crate) async fn ends_well(settings: &Settings, shape: &Shape, members: Vec<Plimsoll>) {
    for member in members {
        member.stop().expect("it ends with 0");
    }
    let expect = Expect {
        modelled: shape.keyed,
        ..Expect::default()
    };
    let findings = at_end(settings.scope(), expect)
        .await
        .expect("servers answer");
    findings.into_result().expect("the guarantee holds");
    ours::succeed(settings, &["verify"]).expect("verify agrees");
}
