//! An independent judge of the guarantee: it knows the published contract (payloads, views, the words of an answer)
//! and shares no code with the service. It reads the topic itself, reads the database in one snapshot, and says
//! where the two disagree.
//!
//! Nothing here repairs, waits or retries: whoever calls decides when the moment to judge has come.

mod answers;
mod coverage;
mod findings;
mod identity;
mod log;
mod looks;
mod model;
mod payload;
mod reads;
mod replay;
mod snapshot;
mod statements;

use anyhow::Context;
pub use findings::{Finding, Findings, Invariant};
pub use identity::event_key;
pub use log::{Log, Record, Topic};
pub use looks::Looks;
pub use model::{Model, Product, Verdict};
pub use payload::{Event, Malformed, Quantity, decode};
pub use reads::{Read, reads};
use snapshot::Snapshot;

/// Where the service under judgement reads and writes.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// `postgres://…` of the database that holds the contract's views.
    pub database_url: &'a str,
    /// `host:port` of the Kafka cluster.
    pub bootstrap: &'a str,
    /// The topic of inventory events.
    pub topic: &'a str,
}

/// What the caller knows of the run, so that more can be demanded of it.
#[derive(Clone, Copy, Debug)]
pub struct Expect {
    /// The producer keyed by SKU and no rules were active: the whole database must equal the model (I11).
    pub modelled: bool,
    /// Lag is 0: a record without an answer is a finding, also above `next_offset`.
    pub drained: bool,
    /// Somebody changed a floor: a line of before may lie below the floor of today.
    pub floors_moved: bool,
    /// The `stock.unknown_sku` setting is `reject` rather than `park`.
    pub unknown_rejected: bool,
    /// The `stock.nature` setting is `fact` rather than `intent`.
    pub facts_by_default: bool,
}

impl Default for Expect {
    /// A keyed topic without rules, drained, under the default configuration.
    fn default() -> Self {
        Self {
            modelled: true,
            drained: true,
            floors_moved: false,
            unknown_rejected: false,
            facts_by_default: false,
        }
    }
}

/// I1–I4, I8 and I17 in one snapshot: what must hold at any time, also under load.
pub async fn any_time(database_url: &str, expect: Expect) -> anyhow::Result<Findings> {
    let mut snapshot = Snapshot::open(database_url).await?;
    let mut findings = Findings::default();
    statements::run(&mut snapshot, statements::ANY_TIME, &mut findings).await?;
    if !expect.floors_moved {
        statements::run(&mut snapshot, statements::FLOORS_NEVER_MOVED, &mut findings).await?;
    }
    Ok(findings)
}

/// Everything the contract promises of a quiet system: [`any_time`], I5–I7, I12, I18 and, where the run was
/// [modelled](Expect::modelled), I11.
pub async fn at_end(scope: Scope<'_>, expect: Expect) -> anyhow::Result<Findings> {
    let mut findings = any_time(scope.database_url, expect).await?;
    let mut snapshot = Snapshot::open(scope.database_url).await?;
    statements::run(&mut snapshot, statements::AT_END, &mut findings).await?;
    let mut topic = Topic::open(scope.bootstrap, scope.topic)?;
    let partitions = topic.partitions()?;
    statements::strangers(&mut snapshot, scope.topic, partitions, &mut findings).await?;
    let mut replay = match expect.modelled {
        true => Some(replay::Replay::new(&mut snapshot, expect).await?),
        false => None,
    };
    for partition in 0..partitions {
        coverage::partition(
            &mut snapshot,
            scope.topic,
            expect,
            topic.log(partition)?,
            replay.as_mut(),
            &mut findings,
        )
        .await
        .with_context(|| format!("checking {}/{partition}", scope.topic))?;
    }
    if let Some(replay) = replay {
        replay.finish(&mut snapshot, &mut findings).await?;
    }
    Ok(findings)
}
