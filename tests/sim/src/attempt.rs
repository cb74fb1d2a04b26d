//! One attempt at a batch, from reading to the answer of COMMIT, statement by statement: each is a
//! step of its own, so that other processes may come between. The order is the real one's.

mod decide;
mod lock;
mod settle;

use std::rc::Rc;

use plimsoll_domain::EventKey;
use plimsoll_domain::fold::Answered;
use plimsoll_domain::lane::{Answer, Attempt as Wanted, PositionRow, Sought, answer_of_positions};

pub(crate) use lock::{lock_products, lock_unknown};

use crate::batch::Batch;
use crate::database::{Key, Session, TxId};
use crate::journal::Operation;
use crate::outside::{Fault, Outside};
use crate::plan::{Bug, Feature};
use crate::rows::{Change, Position};
use crate::seen::Sight;
use crate::store::Store;
use crate::work::Work;
use crate::world::Event;
use crate::write::{Statement, Within, Written};

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Start,
    Begin,
    Move,
    Diagnose,
    LockUnknown,
    LockProducts,
    ReadKnown,
    ReadRows,
    LookUpLedger,
    LookUpElsewhere,
    Fold,
    LookUpUnmoved,
    CheckEpoch,
    Write(Statement),
    Commit,
    /// The answer of COMMIT is lost.
    Reconnect,
    Settle,
}

/// What a step leads to.
enum Go {
    On(Step),
    Done(Answer),
}

/// What the shell is told.
pub(crate) enum Progress {
    /// The next step, after a moment.
    Next,
    /// The next step, after so many milliseconds.
    After(i64),
    /// Somebody else will wake us.
    Blocked,
    Done(Answer, Option<Session>),
}

/// First and longest wait of somebody who asks for a lost answer, in milliseconds.
const ASK_AGAIN_MS: (i64, i64) = (25, 3_000);

pub(crate) struct Attempt {
    pub(crate) work: Work,
    moved: Vec<(i32, i64, i64)>,
    sought: Vec<Sought>,
    locked: bool,
    look_up_all: bool,
    session: Option<Session>,
    tx: Option<TxId>,
    step: Step,
    epoch: u64,
    missing: Vec<usize>,
    answered: Answered,
    asked: Vec<(u32, EventKey)>,
    looked: i64,
    wait: i64,
}

impl Attempt {
    pub(crate) fn new(
        wanted: &Wanted,
        batch: &Batch,
        sought: Vec<Sought>,
        session: Session,
        store: &Store,
    ) -> Attempt {
        let entries = batch.of(&wanted.shares);
        let skus = Rc::clone(&batch.skus);
        let parts = Rc::clone(&store.parts);
        Attempt {
            work: Work::new(skus, entries, parts, store.ruleset),
            moved: sought
                .iter()
                .map(|it| (it.partition, it.from, it.to))
                .collect(),
            sought,
            locked: wanted.locked,
            look_up_all: wanted.look_up_all,
            session: Some(session),
            tx: None,
            step: Step::Start,
            epoch: 0,
            missing: Vec::new(),
            answered: Answered::default(),
            asked: Vec::new(),
            looked: 0,
            wait: ASK_AGAIN_MS.0,
        }
    }

    /// Its running transaction.
    pub(crate) fn tx(&self) -> Option<TxId> {
        self.tx
    }

    /// One step.
    pub(crate) fn go(&mut self, store: &mut Store, out: &mut Outside, waiter: Event) -> Progress {
        match self.step(store, out, waiter) {
            Ok(Go::On(step)) => {
                self.step = step;
                Progress::Next
            }
            Ok(Go::Done(answer)) => self.done(answer, store, out),
            Err(Fault::Blocked) => Progress::Blocked,
            Err(fault) => self.failed(fault, store, out),
        }
    }

    fn done(&mut self, answer: Answer, store: &mut Store, out: &mut Outside) -> Progress {
        if let Some(tx) = self.tx.take() {
            out.db.rollback(tx);
        }
        if answer != Answer::Committed || self.step == Step::Settle {
            store.knowledge.forget(self.work.skus.iter());
        }
        self.check_told(&answer, out);
        if self.locked && answer == Answer::Conflict && store.knowledge.epoch() == self.epoch {
            // Only a product that came by SQL, which no lock of ours keeps away, may do this.
            let came = out.plan.has(Feature::ProductsCome);
            out.must(came, "I15", || {
                "a batch that holds all its rows met a conflict".to_owned()
            });
        }
        Progress::Done(answer, self.session.take())
    }

    /// What counts as committed is so. A position that a person moved to where we would have cannot be
    /// told from ours, if COMMIT was sent.
    fn check_told(&self, answer: &Answer, out: &mut Outside) {
        let by_hand = self.step == Step::Settle && out.plan.has(Feature::PositionsMoved);
        if *answer != Answer::Committed || self.step == Step::Commit || by_hand {
            return;
        }
        let ours = |operation: &Operation| match operation {
            Operation::Batch { moved, .. } => *moved == self.moved,
            _ => false,
        };
        let mut commits = out.db.log.iter().rev();
        let is_there = commits.any(|commit| commit.operation.as_ref().is_some_and(ours));
        out.must(is_there, "I13", || {
            format!("{:?} counts as committed and is not", self.moved)
        });
    }

    fn failed(&mut self, fault: Fault, store: &mut Store, out: &mut Outside) -> Progress {
        if matches!(self.step, Step::Reconnect | Step::Settle) {
            if let Some(tx) = self.tx.take() {
                out.abandon(tx, 200);
            }
            self.step = Step::Reconnect;
            let wait = self.wait;
            self.wait = (wait * 2).min(ASK_AGAIN_MS.1);
            return Progress::After(wait);
        }
        if fault == Fault::Transient {
            // The connection is given up; its transaction ends when the server notices.
            if let Some(tx) = self.tx.take() {
                out.abandon(tx, 200);
            }
            self.session = None;
            store.start_epoch();
        }
        let answer = match fault {
            Fault::Duplicates => Answer::Duplicates,
            Fault::Turned => Answer::Turned,
            Fault::Refused => Answer::Refused("refused".to_owned()),
            Fault::Transient | Fault::Blocked => Answer::Transient,
        };
        self.done(answer, store, out)
    }

    fn step(&mut self, store: &mut Store, out: &mut Outside, waiter: Event) -> Result<Go, Fault> {
        let within = |session, tx| Within {
            tx,
            session,
            waiter,
        };
        match (self.step, self.session, self.tx) {
            (Step::Reconnect, _, _) => self.reconnect(store, out),
            (Step::Settle, Some(session), Some(tx)) => self.settle(within(session, tx), out),
            (Step::Commit, Some(session), Some(tx)) => {
                Ok(self.commit(within(session, tx), store, out))
            }
            (step, Some(session), tx) => {
                out.statement(session, tx)?;
                match (step, tx) {
                    (Step::Start, _) => Ok(self.start(store)),
                    (Step::Begin, _) => {
                        self.tx = Some(out.db.begin(out.now));
                        Ok(Go::On(Step::Move))
                    }
                    (Step::Move, Some(tx)) => self.move_positions(within(session, tx), out),
                    (Step::Diagnose, Some(_)) => Ok(self.diagnose(store, out)),
                    (Step::LockUnknown, Some(tx)) => self.lock_unknown(within(session, tx), out),
                    (Step::LockProducts, Some(tx)) => {
                        self.lock_products(within(session, tx), store, out)
                    }
                    (Step::ReadKnown, _) => Ok(self.read_known(store)),
                    (Step::ReadRows, _) => Ok(self.read_rows(store, out)),
                    (Step::LookUpLedger, _) => Ok(self.look_up_ledger(out)),
                    (Step::LookUpElsewhere, _) => Ok(self.look_up_elsewhere(out)),
                    (Step::Fold, _) => self.fold(out),
                    (Step::LookUpUnmoved, _) => Ok(self.look_up_unmoved(out)),
                    (Step::CheckEpoch, Some(_)) => Ok(self.check_epoch(store)),
                    (Step::Write(statement), Some(tx)) => {
                        self.write(statement, within(session, tx), out)
                    }
                    (step, _) => unreachable!("{step:?} inside a transaction"),
                }
            }
            (step, None, _) => unreachable!("{step:?} without a connection"),
        }
    }

    fn start(&mut self, store: &Store) -> Go {
        self.work.ruleset = store.ruleset;
        Go::On(if self.locked {
            Step::Begin
        } else {
            Step::ReadKnown
        })
    }

    /// Moves every position that is ours and where we left it, unless a later ruleset decided there.
    fn move_positions(&mut self, within: Within, out: &mut Outside) -> Result<Go, Fault> {
        let (guarded, revised) = (
            !out.has_bug(Bug::PositionGuardDropped),
            !out.has_bug(Bug::RevisionGuardDropped),
        );
        let revision = self.work.ruleset.revision;
        if !out.is_stored(self.work.ruleset) {
            return Ok(Go::On(Step::Diagnose));
        }
        let ours = |out: &Outside, sought: &Sought| {
            let row = out.db.position(within.tx, sought.partition);
            row.is_some_and(|row| {
                let there = row.claim == sought.claim && row.next_offset == sought.from;
                (there || !guarded) && (row.revision <= revision || !revised)
            })
        };
        for sought in &self.sought {
            // A row that differs is not waited for.
            if !ours(out, sought) {
                return Ok(Go::On(Step::Diagnose));
            }
            out.lock(within.tx, Key::Position(sought.partition), within.waiter)?;
        }
        if !self.sought.iter().all(|sought| ours(out, sought)) {
            return Ok(Go::On(Step::Diagnose));
        }
        for sought in &self.sought {
            if let Some(row) = out.db.position(within.tx, sought.partition) {
                let row = Position {
                    next_offset: sought.to,
                    revision,
                    ..row
                };
                out.db
                    .write(within.tx, Change::Position(sought.partition, row));
            }
        }
        Ok(Go::On(if self.locked {
            Step::LockUnknown
        } else {
            Step::CheckEpoch
        }))
    }

    fn diagnose(&mut self, store: &mut Store, out: &mut Outside) -> Go {
        let stored = self.stored(out);
        let decided = stored
            .iter()
            .map(|&(revision, _)| revision)
            .max()
            .unwrap_or(0);
        if decided > self.work.ruleset.revision {
            out.note(Sight::RevisionRefused);
            store.wanted = store.wanted.max(decided);
        }
        let rows: Vec<_> = stored.into_iter().map(|(_, row)| row).collect();
        Go::Done(answer_of_positions(&self.sought, &rows, false))
    }

    /// The positions as they are committed, each with its revision.
    fn stored(&self, out: &Outside) -> Vec<(i32, PositionRow)> {
        let row = |sought: &Sought| {
            let position = out.db.tables.position(sought.partition)?;
            Some((position.revision, position.row(sought.partition)))
        };
        self.sought.iter().filter_map(row).collect()
    }

    fn check_epoch(&self, store: &Store) -> Go {
        if store.knowledge.epoch() != self.epoch {
            return Go::Done(Answer::Conflict);
        }
        Go::On(Step::Write(Statement::Unknown))
    }

    fn write(
        &mut self,
        statement: Statement,
        within: Within,
        out: &mut Outside,
    ) -> Result<Go, Fault> {
        Ok(match self.work.write(statement, within, out)? {
            Written::Next(statement) => Go::On(Step::Write(statement)),
            Written::Differs => Go::Done(Answer::Conflict),
            Written::All => Go::On(Step::Commit),
        })
    }
}
