//! The shell of one lane: takes what is queued and performs what the real state machine asks, effect
//! by effect, as the service does. Decides nothing itself.

mod effects;
mod orders;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use plimsoll_domain::lane::{self as machine, Effect, Share};

use crate::attempt::Attempt;
use crate::batch::{Batch, Record};
use crate::database::{Session, TxId};
use crate::locks::Locks;
use crate::outside::Outside;
use crate::plan::Bug;
use crate::seen::Sight;
use crate::store::Store;
use crate::world::{Event, Who};

/// A lane without work compares its positions this often.
const QUIET_MS: i64 = 3_000;
/// The coordinator hears of something after this, always as long, so that it hears in order.
const TOLD_MS: i64 = 3;
/// A lane that has work begins within milliseconds; polls are 20 to 250 of them apart.
const RESTED_MAX: u32 = 5;
/// Chunks that may wait.
pub(crate) const CHUNKS_MAX: usize = 2;

/// How far each partition is that a lane of the process owns or owned, and under which generation.
pub(crate) type Progress = Rc<RefCell<BTreeMap<i32, (u32, i64)>>>;

/// What the coordinator tells a lane.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Own {
        partition: i32,
        generation: u32,
        claim: u128,
        next_offset: i64,
    },
    LetGo {
        partition: i32,
        generation: u32,
    },
    /// Finish what is in flight and end.
    End,
}

/// A partition of this lane.
#[derive(Clone, Copy, Debug)]
struct Owned {
    generation: u32,
    claim: u128,
    next_offset: i64,
}

enum Phase {
    Idle,
    /// So many SKUs are ours; we queue for the next.
    Locking(usize),
    Applying(Box<Attempt>),
    Waiting,
    Turning(usize),
    Ended,
}

/// What a lane shares with the others of its process.
pub(crate) struct Shared<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) locks: &'a mut Locks,
    pub(crate) out: &'a mut Outside,
}

pub(crate) struct Lane {
    who: Who,
    number: usize,
    /// Tells the present appointment from those that were made before.
    appointment: u32,
    machine: machine::Lane,
    pub(crate) orders: VecDeque<Order>,
    pub(crate) inbox: VecDeque<Vec<Record>>,
    owned: BTreeMap<i32, Owned>,
    /// The partitions of the batch in flight, as they were when it was taken.
    in_flight: BTreeMap<i32, Owned>,
    progress: Progress,
    batch: Rc<Batch>,
    effects: VecDeque<Effect>,
    session: Option<Session>,
    phase: Phase,
    /// Polls in a row that found it idle with a backlog.
    rested: u32,
    ending: bool,
}

impl Lane {
    pub(crate) fn new(who: Who, number: usize, progress: Progress) -> Lane {
        Lane {
            who,
            number,
            appointment: 0,
            machine: machine::Lane::default(),
            orders: VecDeque::new(),
            inbox: VecDeque::new(),
            owned: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            progress,
            batch: Rc::default(),
            effects: VecDeque::new(),
            session: None,
            phase: Phase::Idle,
            rested: 0,
            ending: false,
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle) && self.inbox.is_empty()
    }

    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// Its running transaction.
    pub(crate) fn tx(&self) -> Option<TxId> {
        match &self.phase {
            Phase::Applying(attempt) => attempt.tx(),
            Phase::Idle | Phase::Locking(_) | Phase::Waiting | Phase::Turning(_) | Phase::Ended => {
                None
            }
        }
    }

    /// Appends what was fetched.
    pub(crate) fn push(&mut self, records: Vec<Record>, out: &mut Outside) {
        let max = out.batch_max;
        match self
            .inbox
            .back_mut()
            .filter(|last| last.len() + records.len() <= max)
        {
            Some(last) => last.extend(records),
            None => self.inbox.push_back(records),
        }
        if matches!(self.phase, Phase::Idle) && !out.has_bug(Bug::LaneIsNotWoken) {
            self.appoint(out, 0, 5);
        }
    }

    /// Looked at by every poll.
    pub(crate) fn must_not_rest(&mut self, out: &mut Outside) {
        let rests = matches!(self.phase, Phase::Idle) && !self.inbox.is_empty();
        self.rested = if rests { self.rested + 1 } else { 0 };
        let (who, number) = (self.who, self.number);
        out.must(self.rested < RESTED_MAX, "I17", || {
            format!("{who} lane {number} is idle with a backlog")
        });
    }

    fn event(&self) -> Event {
        Event::Lane(self.who, self.number, self.appointment)
    }

    /// Makes the next appointment; those before are off.
    pub(crate) fn appoint(&mut self, out: &mut Outside, min: i64, max: i64) {
        self.appointment += 1;
        out.later(min, max, self.event());
    }

    /// The appointment of this number has come.
    pub(crate) fn go(&mut self, appointment: u32, shared: &mut Shared<'_>) {
        if appointment != self.appointment {
            return;
        }
        match &mut self.phase {
            Phase::Idle => self.take(shared),
            Phase::Locking(_) => self.lock(shared),
            Phase::Applying(_) => self.apply(shared),
            Phase::Waiting => {
                let effects = self.machine.step(machine::Event::Waited);
                self.perform(effects, shared);
            }
            Phase::Ended => {}
            Phase::Turning(part) => {
                let part = *part;
                self.turn(part, shared);
            }
        }
    }

    fn take(&mut self, shared: &mut Shared<'_>) {
        self.obey(shared.out);
        if self.ending {
            self.phase = Phase::Ended;
            return shared.out.later(0, 5, Event::Ended(self.who));
        }
        let Some(chunk) = self.inbox.pop_front() else {
            self.compare(shared);
            return self.appoint(shared.out, QUIET_MS, QUIET_MS + 200);
        };
        let owned = &self.owned;
        let mut batch = Batch::decode(&chunk, |record| {
            let owned = owned.get(&record.partition);
            owned.is_some_and(|it| {
                it.generation == record.generation && record.offset >= it.next_offset
            })
        });
        let stale = |record: &Record| {
            owned
                .get(&record.partition)
                .is_none_or(|it| it.generation != record.generation)
        };
        if chunk.iter().any(stale) {
            shared.out.note(Sight::StaleGenerationDropped);
        }
        if shared.out.has_bug(Bug::BatchIsFoldedBackwards) {
            batch.entries.reverse();
        }
        self.batch = Rc::new(batch);
        self.in_flight = self.owned.clone();
        self.phase = Phase::Locking(0);
        self.lock(shared);
    }

    /// Takes SKUs in ascending order, up to the first that the other lane owns.
    fn lock(&mut self, shared: &mut Shared<'_>) {
        let Phase::Locking(mut taken) = self.phase else {
            return;
        };
        while taken < self.batch.skus.len() {
            let sku = shared
                .locks
                .next(&self.batch.skus, taken, self.number, shared.out);
            if !shared.locks.take(sku, self.number) {
                shared.out.note(Sight::WaitedForSku);
                self.phase = Phase::Locking(taken);
                return;
            }
            taken += 1;
        }
        let mut shares = self.batch.shares();
        shares.retain(|share| self.moves(*share, shared.out));
        if shares.is_empty() {
            return self.end(shared);
        }
        let effects = self.machine.step(machine::Event::Took(shares));
        self.perform(effects, shared);
    }

    /// A SKU was handed over.
    pub(crate) fn handed_over(&mut self, out: &mut Outside) {
        if let Phase::Locking(taken) = &mut self.phase {
            *taken += 1;
            self.appoint(out, 0, 3);
        }
    }

    /// Whether there is anything to apply in a share: orders were obeyed while waiting for the locks.
    fn moves(&mut self, share: Share, out: &Outside) -> bool {
        if out.has_bug(Bug::LeftPartitionIsTried) {
            return true;
        }
        let offset_after = self.batch.offset_after(share);
        let owned = self.still(share.partition);
        owned.is_some_and(|owned| offset_after > owned.next_offset)
    }

    /// A partition of the batch in flight, if it is still owned under the same assignment.
    fn still(&mut self, partition: i32) -> Option<&mut Owned> {
        let taken = self.in_flight.get(&partition)?.generation;
        let owned = self.owned.get_mut(&partition);
        owned.filter(|owned| owned.generation == taken)
    }

    /// The batch is over.
    fn end(&mut self, shared: &mut Shared<'_>) {
        shared.locks.give_back(self.number, self.who, shared.out);
        self.phase = Phase::Idle;
        self.appoint(shared.out, 0, 5);
    }
}
