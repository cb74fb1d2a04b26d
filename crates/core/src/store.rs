//! The database side of a batch: read, look up, fold, write in one transaction, and say what
//! PostgreSQL answered. Knows nothing of Kafka, and nothing of what happens next: that is the
//! lane's.

mod attempt;
mod claim;
mod columns;
mod fault;
mod inquiry;
mod judged;
mod lookup;
mod lost;
mod observed;
mod parts;
mod positions;
mod read;
#[cfg(test)]
mod unasked;
mod write;

pub(crate) use attempt::{Done, Job, read_locked, reason, write_folded};
pub(crate) use claim::{claim, ensure_topic, halt, kafka_id, let_go, resumed};
pub(crate) use columns::array;
pub(crate) use fault::{Fault, classify, is_lost, told};
pub(crate) use judged::{Judged, Judging, Why};
pub(crate) use parts::Parts;
pub(crate) use positions::{has_ruleset, newest_revision, stored as stored_positions};

use std::sync::Arc;
use std::time::Duration;

use plimsoll_domain::Policy;
use plimsoll_telemetry::traces::spans::{Server, Source};
use plimsoll_telemetry::{Metrics, Traces};

use observed::Observed;
use sea_orm::DbErr;

use crate::database::{Session, in_time};
use crate::knowledge::Knowledge;
use crate::rules::Rules;
use crate::{Watch, database};

/// What all lanes of a process share about the database.
pub(crate) struct Store {
    pub(crate) database: database::Settings,
    pub(crate) instance: String,
    pub(crate) topic_id: i16,
    pub(crate) policy: Policy,
    pub(crate) id_window: Duration,
    pub(crate) knowledge: Knowledge,
    pub(crate) parts: Parts,
    pub(crate) source: Source,
    pub(crate) server: Server,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) traces: Arc<Traces>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) rules: Arc<Rules>,
}

impl Store {
    /// A connection to whatever the database is by now: nothing that was known of it before counts.
    pub(crate) async fn connect(&self) -> Result<Session, DbErr> {
        let session = Session::open(&self.database, &self.instance).await?;
        self.knowledge.start_epoch();
        let parts = self.parts.refresh(session.db(), self.id_window);
        in_time(parts).await?;
        Ok(session)
    }

    /// A connection whose statements are seen.
    fn observe<'a, C>(&'a self, inner: &'a C) -> Observed<'a, C> {
        Observed { inner, store: self }
    }

    /// Others decide by a later revision of the rules already: nothing is decided here until it
    /// is ready, and everybody may know.
    pub(crate) fn await_rules(&self, revision: i32, ready: i32) {
        self.rules.want(revision);
        let why = format!("revision {revision} decides by now, and only {ready} is ready here");
        tracing::warn!(revision, ready, "the rules are too old: {why}");
        self.watch.rules_failed(&why);
    }
}
