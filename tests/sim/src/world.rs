//! One run: a queue of events in virtual time, chosen by the seed, over processes that run the real
//! lane and fold, and everything outside of them. First with faults, then calm until all is done.

use std::fmt;

use crate::begin;
use crate::chance::Chance;
use crate::coordinator::Heard;
use crate::database::{Database, TxId};
use crate::final_checks;
use crate::outside::{Broken, Outside};
use crate::plan::{Feature, Plan};
use crate::poller::Said;
use crate::process::{LOOK_MS, Process};
use crate::release::Release;
use crate::seen::{Seen, Sight};
use crate::store::Store;
use crate::traffic::Traffic;

/// A process, and which of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) process: usize,
    pub(crate) life: u32,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}.{}", self.process, self.life)
    }
}

/// Who releases parked events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worker {
    Keeper(Who),
    /// A command line.
    Operator(usize),
}

impl fmt::Display for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Worker::Keeper(who) => who.fmt(f),
            Worker::Operator(number) => write!(f, "operator {number}"),
        }
    }
}

/// Everything that can happen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Event {
    /// Somebody is woken who has nothing to do.
    Nothing,
    Produce,
    /// Something happens outside of the processes.
    Chaos,
    Start(usize),
    Poll(Who),
    Heard(Who, Heard),
    GroupSays(Who, Said),
    Obey(Who, usize),
    /// The appointment of a lane, by its number.
    Lane(Who, usize, u32),
    HandedOver(Who, usize),
    /// The next step of the claim of this generation.
    Claim(Who, u32),
    WriteHalt(Who),
    Follow(Who),
    Keep(Who),
    Look(Who),
    Woke(Who),
    /// A lane has ended, as it was told to.
    Ended(Who),
    Release(Worker),
    /// The server ends a transaction whose client is gone.
    EndTx(TxId, bool),
    /// The server ends a transaction that stands still.
    IdleTx(TxId),
    /// The group gives a partition on, if nothing else happened since.
    HandOver(i32, u32),
    /// The group gives partitions of those who are gone to others.
    Rebalance,
    /// Somebody looks after what is halted and what waits.
    Operate,
}

/// Far more events than any run takes that comes to its end.
const EVENTS_MAX: u64 = 60_000;
/// After the faults, everything is done within this time.
const CALM_MS_MAX: i64 = 120_000;

/// What a run was like.
#[derive(Debug)]
pub struct Run {
    /// The first invariant that did not hold.
    pub broken: Option<Broken>,
    /// What it met.
    pub seen: Seen,
    /// How many events it took.
    pub events: u64,
    /// What happened, if it was to be told.
    pub story: String,
}

/// Runs a plan to its end.
pub fn run(plan: &Plan, tell: bool) -> Run {
    let mut world = World::new(plan, tell);
    let mut events = 0;
    while !world.is_over() {
        events += 1;
        world.out.must(events < EVENTS_MAX, "I16", || {
            "the run does not come to its end".to_owned()
        });
        let Some(event) = world.out.next() else {
            world
                .out
                .must(false, "I16", || "nothing will ever happen again".to_owned());
            break;
        };
        world.happen(event);
        world.out.wake();
    }
    if world.out.broken.is_none() {
        final_checks::all(&mut world.out);
    }
    Run {
        broken: world.out.broken.take(),
        events,
        story: world.out.story(),
        seen: world.out.seen,
    }
}

pub(crate) struct World {
    pub(crate) out: Outside,
    pub(crate) traffic: Traffic,
    /// By number; none while it is not running.
    pub(crate) processes: Vec<Option<Process>>,
    pub(crate) lives: Vec<u32>,
    pub(crate) lanes: usize,
    /// Command lines at work.
    pub(crate) operators: Vec<Option<(Release, Store)>>,
    pub(crate) turns: u32,
    /// When the faults end.
    load_until: i64,
    calm_since: i64,
}

impl World {
    fn new(plan: &Plan, tell: bool) -> World {
        let mut chance = Chance::new(plan.seed);
        let traffic = Traffic::new(plan, &mut chance);
        let tables = begin::tables(plan, traffic.skus, &mut chance);
        let processes = 1 + chance.below(3);
        let lanes = 1 + chance.below(2);
        let load_until = chance.between(3_000, 12_000);
        let mut out = Outside::new(*plan, chance, Database::new(tables), tell);
        for process in 0..processes {
            out.later(0, 500, Event::Start(process));
        }
        for event in [Event::Produce, Event::Chaos, Event::Operate] {
            out.later(100, 600, event);
        }
        World {
            out,
            traffic,
            processes: (0..processes).map(|_| None).collect(),
            lives: vec![0; processes],
            lanes,
            operators: Vec::new(),
            turns: 0,
            load_until,
            calm_since: 0,
        }
    }

    fn is_over(&mut self) -> bool {
        if self.out.broken.is_some() {
            return true;
        }
        if !self.out.calm {
            if self.traffic.is_over() && self.out.now > self.load_until {
                self.calm_down();
            }
            return false;
        }
        let late = self.out.now - self.calm_since > CALM_MS_MAX;
        let done = self.is_done();
        if !done && !late {
            return false;
        }
        if !done {
            let open = self.open();
            self.out.must(false, "I16", || {
                format!("without faults, this is not done in time: {open}")
            });
        }
        let untold = self.untold();
        self.out.must(!late || untold.is_empty(), "I10", || {
            format!("the group was never told how far partitions {untold:?} are")
        });
        done && untold.is_empty()
    }

    /// Partitions of which the group knows something else than what is stored.
    fn untold(&self) -> Vec<i32> {
        let mut untold: Vec<i32> = (0..self.out.broker.partitions()).collect();
        untold.retain(|&partition| {
            let row = self.out.db.tables.position(partition);
            let told = self.out.broker.mirrored[crate::broker::at(partition)];
            row.is_some_and(|row| row.halted.is_none() && told != Some(row.next_offset))
        });
        untold
    }

    /// The faults are over.
    fn calm_down(&mut self) {
        self.out.say(|| "the faults are over".to_owned());
        self.out.calm = true;
        self.calm_since = self.out.now;
        self.out.poison.clear();
        self.out.db.down_until = self.out.db.down_until.min(self.out.now);
        self.activate(35 * 4);
        self.out.later(0, 10, Event::Rebalance);
    }

    /// Whether every record has its row and nobody is at work.
    fn is_done(&self) -> bool {
        let tables = &self.out.db.tables;
        let all = 0..self.out.broker.partitions();
        self.out.db.is_quiet()
            && tables.parked.is_empty()
            && all.into_iter().all(|partition| self.is_drained(partition))
            && self.processes.iter().flatten().all(Process::is_idle)
            && self.operators.iter().flatten().next().is_none()
    }

    fn is_drained(&self, partition: i32) -> bool {
        let log = &self.out.broker.logs[crate::broker::at(partition)];
        let stays = |why| {
            matches!(
                why,
                crate::rows::Why::Recreated | crate::rows::Why::Truncated
            )
        };
        let row = self.out.db.tables.position(partition);
        row.is_some_and(|row| row.halted.map_or(row.next_offset == log.high, stays))
    }

    /// What is left to do, for people.
    fn open(&self) -> String {
        let all = 0..self.out.broker.partitions();
        let behind: Vec<i32> = all.filter(|&it| !self.is_drained(it)).collect();
        let parked = self.out.db.tables.parked.len();
        let busy = self
            .processes
            .iter()
            .flatten()
            .filter(|it| !it.is_idle())
            .count();
        format!(
            "partitions {behind:?} are behind, {parked} events are parked, {busy} processes are busy"
        )
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Nothing => {}
            Event::Produce => self.produce(),
            Event::Chaos => self.chaos(),
            Event::Start(process) => self.start(process),
            Event::Poll(who) => self.with(who, event, Process::poll),
            Event::Heard(who, heard) => self.with(who, event, |it, out| it.react(heard, out)),
            Event::GroupSays(who, said) => self.with(who, event, |it, out| it.hears(said, out)),
            Event::Obey(who, lane) => self.with(who, event, |it, out| it.lanes[lane].obey(out)),
            Event::Lane(who, lane, number) => {
                self.with(who, event, |it, out| it.lane(lane, number, out))
            }
            Event::HandedOver(who, lane) => {
                self.with(who, event, |it, out| it.lanes[lane].handed_over(out))
            }
            Event::Claim(who, number) => self.with(who, event, |it, out| it.claim_on(number, out)),
            Event::WriteHalt(who) => self.with(who, event, Process::write_halts),
            Event::Follow(who) => self.with(who, event, |it, out| {
                out.later(1_000, 1_100, Event::Follow(who));
                if out.connect().is_ok() {
                    let busy = it.is_busy();
                    it.store.follow(out, busy);
                }
            }),
            Event::Keep(who) => self.with(who, event, Process::keep),
            Event::Look(who) => self.with(who, event, |it, out| {
                out.later(LOOK_MS, LOOK_MS + 100, Event::Look(who));
                if out.connect().is_ok() {
                    it.look_around(out);
                }
            }),
            Event::Woke(who) => self.with(who, event, |it, out| {
                if !it.is_up_to_date(out) {
                    out.note(Sight::ZombieWoke);
                }
            }),
            Event::Ended(who) => {
                if self.lives[who.process] == who.life {
                    self.ended(who.process);
                }
            }
            Event::Release(Worker::Keeper(who)) => self.with(who, event, Process::release),
            Event::Release(Worker::Operator(number)) => self.operator(number),
            Event::EndTx(tx, done) => match done {
                true => self.out.commit(tx),
                false => self.out.db.rollback(tx),
            },
            Event::IdleTx(tx) => self.idle(tx),
            Event::HandOver(partition, turn) => self.hand_over(partition, turn),
            Event::Rebalance => self.rebalance(),
            Event::Operate => self.operate(),
        }
    }

    /// Does something to a process that lives; one that stands still does it when it wakes.
    fn with(&mut self, who: Who, event: Event, act: impl FnOnce(&mut Process, &mut Outside)) {
        let Some(process) = &mut self.processes[who.process] else {
            return;
        };
        if process.who != who {
            return;
        }
        if process.paused_until > self.out.now {
            let wait = process.paused_until - self.out.now;
            // In the order in which it would have happened.
            return self.out.later(wait, wait, event);
        }
        act(process, &mut self.out);
    }

    fn produce(&mut self) {
        if self.traffic.is_over() {
            return;
        }
        let plan = self.out.plan;
        let burst = 1 + self.out.chance.below(4);
        for _ in 0..burst {
            if self.traffic.is_over() {
                break;
            }
            let (content, key) = self.traffic.next(&plan, &mut self.out.chance);
            self.out.broker.append(content, key);
            if self.out.strikes(Feature::Gaps, 20) {
                self.out.broker.abort(&mut self.out.chance);
            }
        }
        self.out.later(5, 500, Event::Produce);
    }

    fn start(&mut self, process: usize) {
        self.lives[process] += 1;
        let who = Who {
            process,
            life: self.lives[process],
        };
        self.processes[process] = Some(Process::start(who, self.lanes, &mut self.out));
        self.out.later(0, 300, Event::Rebalance);
    }

    /// A transaction that nobody goes on with holds nobody up for ever.
    fn idle(&mut self, tx: TxId) {
        let mut running = self.processes.iter().flatten();
        let stands = running.any(|it| it.paused_until > self.out.now && it.txs().contains(&tx));
        if stands && self.out.db.is_running(tx) {
            self.out.note(Sight::IdleTransactionEnded);
            self.out.db.rollback(tx);
        }
    }
}
