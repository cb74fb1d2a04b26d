//! What `/readyz` and `/livez` show of a running consumer. Written where things happen, read
//! by whoever asks; nothing is decided by it.

mod life;
mod reproof;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::inbox::Inbox;
use life::Life;

pub(crate) use life::Signs;
pub use life::Stuck;
pub(crate) use reproof::walk;
pub use reproof::{CHAIN, Reproof};

const NO_PARTITIONS: &str = "no partitions yet: the group waits for a member that went without a word, \
                             or has more members than partitions";

/// The present state, for people and probes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Why PostgreSQL is not usable; `None` if it answered last.
    pub database: Option<String>,
    /// Why Kafka is not usable; `None` if partitions can be claimed.
    pub kafka: Option<String>,
    /// Why no rules are ready; `None` if some are, or there are none.
    pub rules: Option<String>,
    /// Partitions that are being applied.
    pub assigned: Vec<i32>,
    /// Partitions that wait for an operator, with the reason.
    pub halted: Vec<(i32, String)>,
}

/// A running consumer, seen from outside.
pub struct Watch {
    readiness: Mutex<Readiness>,
    applied: AtomicU64,
    life: Mutex<Life>,
}

impl Default for Watch {
    fn default() -> Watch {
        let starting = Readiness {
            database: Some("not connected yet".to_owned()),
            kafka: Some(NO_PARTITIONS.to_owned()),
            rules: Some("not looked for yet".to_owned()),
            ..Readiness::default()
        };
        Watch {
            readiness: Mutex::new(starting),
            applied: AtomicU64::new(0),
            life: Mutex::default(),
        }
    }
}

impl Watch {
    /// The present state.
    pub fn readiness(&self) -> Readiness {
        self.readiness.lock().clone()
    }

    /// Whether all that must move still does. A server that is away makes nothing dead.
    ///
    /// # Errors
    /// What stands still, so that only a restart helps.
    pub fn alive(&self, now: Instant) -> Result<(), Stuck> {
        self.life.lock().judge(now)
    }

    /// Records whose outcome this process committed.
    pub fn records_applied(&self) -> u64 {
        self.applied.load(Ordering::Relaxed)
    }

    pub(crate) fn applied(&self, records: u64) {
        self.applied.fetch_add(records, Ordering::Relaxed);
    }

    pub(crate) fn database_answered(&self) {
        self.readiness.lock().database = None;
    }

    pub(crate) fn database_failed(&self, why: &str) {
        self.life.lock().database_failed(Instant::now());
        self.readiness.lock().database = Some(why.to_owned());
    }

    pub(crate) fn rules_ready(&self) {
        self.readiness.lock().rules = None;
    }

    pub(crate) fn rules_failed(&self, why: &str) {
        self.readiness.lock().rules = Some(why.to_owned());
    }

    /// The polling thread turned.
    pub(crate) fn polled(&self, now: Instant) {
        self.life.lock().polled(now);
    }

    /// The polling thread was told to end.
    pub(crate) fn polls_no_more(&self) {
        self.life.lock().polls_no_more();
    }

    /// Watches a lane until it drops its signs.
    pub(crate) fn lane(&self, inbox: &Arc<Inbox>, now: Instant) -> Arc<Signs> {
        self.life.lock().lane(Arc::clone(inbox), now)
    }

    /// The group has let us in, though it may have no partition to give.
    pub(crate) fn group_answered(&self) {
        self.readiness.lock().kafka = None;
    }

    pub(crate) fn claim_failed(&self, why: &str) {
        self.readiness.lock().kafka = Some(why.to_owned());
    }

    pub(crate) fn assignment(&self, assigned: Vec<i32>, halted: Vec<(i32, String)>) {
        let mut readiness = self.readiness.lock();
        if !assigned.is_empty() {
            readiness.kafka = None;
        }
        readiness.assigned = assigned;
        readiness.halted = halted;
    }
}
