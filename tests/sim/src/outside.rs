//! What every process stands in: virtual time and its queue, chance, the broker, the database, and
//! what was noticed. Decides which statements fail, and nothing else.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::broker::Broker;
use crate::chance::Chance;
use crate::database::{Database, Key, Session, Taken, TxId};
use crate::plan::{Bug, Feature, Plan};
use crate::rows::Place;
use crate::rules::Ruleset;
use crate::seen::{Seen, Sight};
use crate::world::Event;

/// How a statement ended that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not yet: a lock is waited for, and the waiter will be woken.
    Blocked,
    Transient,
    Duplicates,
    Turned,
    /// The database does not take what was written.
    Refused,
}

/// An invariant that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its name in the list of what must be shown.
    pub invariant: &'static str,
    /// The first row or step that breaks it.
    pub what: String,
}

/// What is due when. Of two at the same time, the one that was planned first.
struct Due(i64, u64, Event);

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

pub(crate) struct Outside {
    pub(crate) plan: Plan,
    pub(crate) chance: Chance,
    /// Milliseconds since the beginning.
    pub(crate) now: i64,
    queue: BinaryHeap<Reverse<Due>>,
    planned: u64,
    pub(crate) db: Database,
    pub(crate) broker: Broker,
    /// Faults are over.
    pub(crate) calm: bool,
    /// How long an identity is remembered.
    pub(crate) window: i64,
    pub(crate) batch_max: usize,
    pub(crate) policy: plimsoll_domain::Policy,
    /// Records that the database refuses.
    pub(crate) poison: Vec<Place>,
    pub(crate) seen: Seen,
    pub(crate) broken: Option<Broken>,
    story: Option<String>,
}

impl Outside {
    pub(crate) fn new(plan: Plan, mut chance: Chance, db: Database, tell: bool) -> Outside {
        let partitions = 1 + chance.below(4);
        let window = match plan.has(Feature::ShortWindow) {
            true => chance.between(500, 4_000),
            false => i64::MAX / 2,
        };
        Outside {
            broker: Broker::new(partitions),
            now: 0,
            queue: BinaryHeap::new(),
            planned: 0,
            db,
            calm: false,
            window,
            batch_max: 1 + chance.below(10),
            policy: crate::begin::policy(&plan, &mut chance),
            poison: Vec::new(),
            seen: Seen::default(),
            broken: None,
            story: tell.then(String::new),
            plan,
            chance,
        }
    }

    /// The next event, at its time.
    pub(crate) fn next(&mut self) -> Option<Event> {
        let Reverse(Due(due, _, event)) = self.queue.pop()?;
        self.now = self.now.max(due);
        Some(event)
    }

    /// Has `event` happen between `min` and `max` milliseconds from now.
    pub(crate) fn later(&mut self, min: i64, max: i64, event: Event) {
        let due = self.now + self.chance.between(min, max);
        self.planned += 1;
        self.queue.push(Reverse(Due(due, self.planned, event)));
    }

    /// Whoever was waiting for a lock goes on.
    pub(crate) fn wake(&mut self) {
        while let Some(event) = self.db.woken.pop() {
            self.later(0, 3, event);
        }
    }

    /// Whether a fault strikes: so many times of a hundred, where the plan has the feature.
    pub(crate) fn strikes(&mut self, feature: Feature, percent: u64) -> bool {
        let struck = self.chance.percent(percent);
        struck && !self.calm && self.plan.has(feature)
    }

    pub(crate) fn has_bug(&self, bug: Bug) -> bool {
        self.plan.bug == Some(bug)
    }

    pub(crate) fn note(&mut self, sight: Sight) {
        self.seen.note(sight);
    }

    /// Tells the story, if anybody listens.
    pub(crate) fn say(&mut self, told: impl FnOnce() -> String) {
        if let Some(story) = &mut self.story {
            use std::fmt::Write;
            writeln!(story, "{:>7} ms  {}", self.now, told()).expect("a text takes all");
        }
    }

    pub(crate) fn story(&mut self) -> String {
        self.story.take().unwrap_or_default()
    }

    /// An invariant: the first that does not hold ends the run.
    pub(crate) fn must(
        &mut self,
        holds: bool,
        invariant: &'static str,
        what: impl FnOnce() -> String,
    ) {
        if !holds && self.broken.is_none() {
            let what = what();
            self.say(|| format!("{invariant} is broken: {what}"));
            self.broken = Some(Broken { invariant, what });
        }
    }

    /// A new connection, if the database is there.
    pub(crate) fn connect(&mut self) -> Result<Session, Fault> {
        if self.strikes(Feature::BrokenLinks, 3) {
            return Err(Fault::Transient);
        }
        self.db.connect(self.now).ok_or(Fault::Transient)
    }

    /// Whether a statement reaches the database and is answered.
    pub(crate) fn statement(&mut self, session: Session, tx: Option<TxId>) -> Result<(), Fault> {
        if !self.db.is_alive(session) || tx.is_some_and(|tx| !self.db.is_running(tx)) {
            return Err(Fault::Transient);
        }
        if self.strikes(Feature::Failures, 2) {
            self.note(Sight::FailedStatement);
            if let Some(tx) = tx {
                self.db.rollback(tx);
            }
            return Err(Fault::Transient);
        }
        if self.strikes(Feature::BrokenLinks, 1) {
            if let Some(tx) = tx {
                self.note(Sight::BrokenInTransaction);
                self.abandon(tx, 9_000);
            }
            return Err(Fault::Transient);
        }
        Ok(())
    }

    /// A transaction without a client keeps its locks until the server notices, at most so much later.
    pub(crate) fn abandon(&mut self, tx: TxId, limit: i64) {
        if self.db.lose_client(tx) {
            self.later(0, limit, Event::EndTx(tx, false));
        }
    }

    /// Whether the database still has a ruleset: it may have gone back behind it.
    pub(crate) fn is_stored(&self, ruleset: Ruleset) -> bool {
        let stored = self.db.tables.digest(ruleset.revision);
        ruleset.is_silent()
            || stored == Some(ruleset.digest)
            || self.has_bug(Bug::LostRulesetGoesOnDeciding)
    }

    /// Locks a row for a running transaction.
    pub(crate) fn lock(&mut self, tx: TxId, key: Key, waiter: Event) -> Result<(), Fault> {
        match self.db.lock(tx, key, waiter) {
            // Others may come between this row and the next.
            Ok(true) if self.chance.percent(40) => {
                self.later(0, 10, waiter);
                Err(Fault::Blocked)
            }
            Ok(_) => Ok(()),
            Err(Taken::Waits) => {
                self.note(Sight::WaitedForRow);
                Err(Fault::Blocked)
            }
            Err(Taken::Deadlock) => {
                self.must(false, "I17", || format!("a deadlock at {key:?}"));
                Err(Fault::Transient)
            }
        }
    }
}
