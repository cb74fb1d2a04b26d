//! Scenarios of one attempt, from reading to the answer of COMMIT: what is known of a product, and
//! under which ruleset it is decided. Table and knowledge are the real ones; `attempt` does, step by
//! step, what `Job` in `store/attempt.rs` does; database and rules are a model.

use std::sync::Arc;

use shuttle::future::{block_on, spawn, yield_now};
use shuttle::thread;

use crate::Mutex;
use crate::copies::real;
use crate::locks::Sku;
use crate::tasks::all;
use crate::variants::{Known, Table};

/// A database that went back counts decisions from another multiple of this, so that a row shows
/// which timeline it is of.
const TIMELINE: i64 = 1_000;

/// One product's row, the revision that its partition was last decided by, and how often the
/// database went back: connections from before are of no use.
#[derive(Clone, Copy, Default)]
struct Row {
    decisions: i64,
    revision: u32,
    timeline: u32,
}

/// How an attempt takes its ruleset.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pin {
    /// Once, when it begins.
    Once,
    /// Wherever it needs one: the mistake.
    Anew,
}

struct World<K> {
    sku: Sku,
    locks: real::Locks,
    knowledge: K,
    /// The active ruleset, which the follower swaps.
    ruleset: Mutex<Arc<u32>>,
    row: Mutex<Row>,
    /// Epochs, and the timeline that somebody knew of when they began. Std's mutex: not a point
    /// where others come between.
    noticed: std::sync::Mutex<Vec<(u64, i64)>>,
}

/// Why an attempt did not commit.
enum Stop {
    /// Others were faster, or the ruleset is too old: from reading again.
    Conflict,
    /// The connection is gone.
    Broken,
}

impl<K: Known> World<K> {
    fn new() -> Arc<World<K>> {
        Arc::new(World {
            sku: Sku::from("a"),
            locks: real::Locks::default(),
            knowledge: K::default(),
            ruleset: Mutex::new(Arc::new(1)),
            row: Mutex::default(),
            noticed: std::sync::Mutex::default(),
        })
    }

    /// Opens a connection, which is of the present timeline.
    fn connect(&self) -> u32 {
        let timeline = self.row.lock().timeline;
        self.knowledge.start_epoch();
        let began = (self.knowledge.epoch(), timeline.into());
        let mut noticed = self.noticed.lock().expect("nobody panics inside");
        noticed.push(began);
        timeline
    }

    fn assert_of_its_epoch(&self, epoch: u64, decisions: i64) {
        let noticed = self.noticed.lock().expect("nobody panics inside").clone();
        let is_old =
            |&(began, timeline): &(u64, i64)| began <= epoch && decisions / TIMELINE < timeline;
        assert!(
            !noticed.iter().any(is_old),
            "what was learnt in an old epoch is known in a new one"
        );
    }

    fn statement<T>(&self, session: u32, what: impl FnOnce(&mut Row) -> T) -> Result<T, Stop> {
        let mut row = self.row.lock();
        if row.timeline == session {
            Ok(what(&mut row))
        } else {
            Err(Stop::Broken)
        }
    }

    fn now(&self) -> Arc<u32> {
        Arc::clone(&self.ruleset.lock())
    }

    /// Reads, decides and writes; the answer of COMMIT is kept.
    async fn attempt(&self, session: u32, pin: Pin) -> Result<(), Stop> {
        let ruleset = self.now();
        let (epoch, known) = self.knowledge.of(&self.sku);
        let decisions = match known {
            Some(decisions) => decisions,
            None => {
                let decisions = self.statement(session, |row| row.decisions)?;
                self.knowledge.keep(epoch, &self.sku, decisions);
                decisions
            }
        };
        let decided_by = *ruleset;
        let written_by = if pin == Pin::Once {
            *ruleset
        } else {
            *self.now()
        };
        if self.knowledge.epoch() != epoch {
            return Err(Stop::Conflict);
        }
        self.assert_of_its_epoch(epoch, decisions);
        let written = self.statement(session, |row| {
            let holds = row.decisions == decisions && row.revision <= written_by;
            if holds {
                row.decisions += 1;
                row.revision = written_by;
            }
            holds
        })?;
        if !written {
            return Err(Stop::Conflict);
        }
        assert_eq!(
            decided_by, written_by,
            "decided by one ruleset, written as another's"
        );
        self.knowledge.keep(epoch, &self.sku, decisions + 1);
        Ok(())
    }

    /// A lane: applies so many events one after the other, each until it is in.
    async fn lane(self: Arc<Self>, events: usize, pin: Pin) {
        let mut session = self.connect();
        for _ in 0..events {
            let held = self.locks.take([self.sku.clone()].into()).await;
            while let Err(stop) = self.attempt(session, pin).await {
                if matches!(stop, Stop::Broken) {
                    self.knowledge.start_epoch();
                    session = self.connect();
                }
                self.knowledge.forget(&self.sku);
                yield_now().await;
            }
            drop(held);
        }
    }

    /// The follower: one ruleset after the other.
    async fn follow(self: Arc<Self>) {
        for revision in 2..=3 {
            *self.ruleset.lock() = Arc::new(revision);
        }
    }

    /// A fail-over to a replica that has not everything, which a lane of other products notices.
    async fn fail_over(self: Arc<Self>) {
        let before = *self.row.lock();
        let mut row = self.row.lock();
        *row = Row {
            timeline: row.timeline + 1,
            decisions: before.decisions + TIMELINE,
            ..before
        };
        drop(row);
        self.connect();
    }
}

/// Two lanes, each event under one ruleset while those are swapped.
fn swapping(pin: Pin) {
    let world = World::<real::Knowledge>::new();
    let tasks = vec![
        spawn(Arc::clone(&world).lane(2, pin)),
        spawn(Arc::clone(&world).lane(2, pin)),
        spawn(Arc::clone(&world).follow()),
    ];
    block_on(all(tasks));
    let row = *world.row.lock();
    assert_eq!(row.decisions, 4, "every event is in once");
    let (_, known) = world.knowledge.of(&world.sku);
    assert!(
        known.is_none_or(|known| known == row.decisions),
        "what is known is not so"
    );
}

/// An attempt decides and writes under the ruleset that it began with, and revisions never go back.
pub fn rulesets_that_change() {
    swapping(Pin::Once);
}

/// The same where an attempt looks twice.
pub fn rulesets_that_change_within_an_attempt() {
    swapping(Pin::Anew);
}

/// Lanes commit and learn while the database goes back: whatever was learnt before somebody noticed
/// is not known after it.
pub fn a_database_that_goes_back<K: Known>() {
    let world = World::<K>::new();
    block_on(all(vec![
        spawn(Arc::clone(&world).lane(3, Pin::Once)),
        spawn(Arc::clone(&world).lane(1, Pin::Once)),
        spawn(Arc::clone(&world).fail_over()),
    ]));
}

/// A row that was learnt in the first epoch is never said to be of another, whenever that begins.
pub fn an_epoch_that_begins<K: Known>() {
    const FIRST: u64 = 0;
    let (sku, knowledge) = (Sku::from("a"), Arc::new(K::default()));
    let learn_and_look = || {
        knowledge.keep(FIRST, &sku, 1);
        let (epoch, known) = knowledge.of(&sku);
        assert!(
            known.is_none() || epoch == FIRST,
            "what was learnt in an old epoch is known in a new one"
        );
    };
    let starts = Arc::clone(&knowledge);
    let starts = thread::spawn(move || starts.start_epoch());
    learn_and_look();
    learn_and_look();
    starts.join().expect("it begins");
    learn_and_look();
}
