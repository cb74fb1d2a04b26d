//! Rules in the database, and how a running service follows them. Bundles are pushed, a ruleset
//! that names some of them is activated, and every replica makes it ready and swaps to it between
//! two batches. How a rule is run is `plimsoll-rule-host`'s; what its answer does, the fold's.

mod error;
mod stored;

mod activate;
mod floors;
mod push;
mod rollback;
mod status;

mod lent;
mod replay;
mod shelf;

mod breaker;
mod folder;
mod follow;
mod listen;
mod replica;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use plimsoll_rule_host::bundle::Trust;
use plimsoll_rule_host::{Report, Ruleset};
use plimsoll_telemetry::Metrics;
use tokio::sync::Notify;

pub use activate::{Wish, activate};
pub use error::Error;
pub use lent::Lent;
pub use push::{Pushed, push};
pub use replay::{Change, Replayed, Window, replay};
pub use rollback::{RolledBack, rollback};
pub use shelf::Shelf;
pub use status::{Bound, Desired, Replica, Status, status};
pub use stored::{File, Stored, load, with_files};

use crate::database;
use breaker::{Breaker, Trip};

/// All replicas follow within a second, also where nobody is told of anything.
const LOOK: Duration = Duration::from_secs(1);

/// Whose rules are believed, and where from.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Keys, and what becomes of bundles without a signature of theirs.
    pub trust: Trust,
    /// A folder of bundles and a `ruleset.toml` that is followed.
    pub folder: Option<PathBuf>,
    /// The floor of products that the service makes for unknown SKUs; nothing if it makes none.
    pub created_floor: Option<i64>,
    /// Looks for a new ruleset at least this often, whatever it hears.
    pub look: Duration,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            trust: Trust::default(),
            folder: None,
            created_floor: None,
            look: LOOK,
        }
    }
}

/// The rules of a running service.
pub struct Rules {
    settings: Settings,
    database: database::Settings,
    instance: String,
    shelf: Arc<Shelf>,
    metrics: Arc<Metrics>,
    ready: ArcSwap<Ruleset>,
    /// The highest revision that anybody here heard of.
    wanted: AtomicI32,
    /// The database has another ruleset.
    news: Arc<Notify>,
    /// A lane cannot go on, or should not, with the active one.
    needed: Notify,
    breaker: Mutex<Breaker>,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let revision = self.now().revision();
        f.debug_struct("Rules")
            .field("revision", &revision)
            .finish_non_exhaustive()
    }
}

impl Rules {
    /// No rules yet. [`Rules::start`] before the first lane runs, [`Rules::follow`] beside them.
    ///
    /// # Errors
    /// If this machine has no room for the engine.
    pub fn new(
        settings: &Settings,
        database: &database::Settings,
        instance: &str,
        metrics: &Arc<Metrics>,
    ) -> Result<Arc<Rules>, Error> {
        Ok(Arc::new(Rules {
            settings: settings.clone(),
            database: database.clone(),
            instance: instance.to_owned(),
            shelf: Shelf::new(settings.trust.clone())?,
            metrics: Arc::clone(metrics),
            ready: ArcSwap::from_pointee(Ruleset::none()),
            wanted: AtomicI32::new(0),
            news: Arc::default(),
            needed: Notify::new(),
            breaker: Mutex::default(),
        }))
    }

    /// The active ruleset, without waiting. A batch keeps the one that it began with.
    pub fn now(&self) -> Arc<Ruleset> {
        self.ready.load_full()
    }

    /// Somebody met a decision of this revision: if it is newer than the active one, it is looked
    /// for at once.
    pub fn want(&self, revision: i32) {
        if self.wanted.fetch_max(revision, Ordering::Relaxed) < revision {
            self.needed.notify_one();
        }
    }

    /// Somebody found that the database does not have the active ruleset: it is looked at at once.
    pub fn look(&self) {
        self.needed.notify_one();
    }

    /// Counts the faults of a committed batch that was decided under `revision`. A bundle with too
    /// many is sent back.
    pub fn faulted(&self, revision: i32, report: &Report) {
        let count = || self.breaker.lock().count(revision, report, Instant::now());
        if !report.faults.is_empty() && count() {
            self.needed.notify_one();
        }
    }

    fn tripped(&self) -> Vec<Trip> {
        self.breaker.lock().tripped()
    }

    fn acted_on(&self, trip: Trip) {
        self.breaker.lock().reset(trip);
    }
}
