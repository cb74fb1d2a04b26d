//! What `/readyz` and `/livez` show of a running consumer. Written where things happen, read
//! by whoever asks; nothing is decided by it.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// The present state, for people and probes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// Why PostgreSQL is not usable; `None` if it answered last.
    pub database: Option<String>,
    /// Why Kafka is not usable; `None` if partitions can be claimed.
    pub kafka: Option<String>,
    /// Partitions that are being applied.
    pub assigned: Vec<i32>,
    /// Partitions that wait for an operator, with the reason.
    pub halted: Vec<(i32, String)>,
}

/// A running consumer, seen from outside.
#[derive(Debug)]
pub struct Watch {
    readiness: Mutex<Readiness>,
    applied: AtomicU64,
}

impl Default for Watch {
    fn default() -> Watch {
        let starting = Readiness {
            database: Some("not connected yet".to_owned()),
            kafka: Some("no partitions yet".to_owned()),
            ..Readiness::default()
        };
        Watch {
            readiness: Mutex::new(starting),
            applied: AtomicU64::new(0),
        }
    }
}

impl Watch {
    /// The present state.
    pub fn readiness(&self) -> Readiness {
        self.readiness.lock().clone()
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
        self.readiness.lock().database = Some(why.to_owned());
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
