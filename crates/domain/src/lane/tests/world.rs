//! A lane, a shell that does what it asks, and a database of a few positions that answers
//! truthfully. Every effect is checked against what was promised.

use std::collections::{BTreeMap, BTreeSet};

use super::script::{line, told};
use crate::lane::{Answer, Attempt, Effect, Event, Halt, Lane, Share};

pub(super) const PARTITIONS: i32 = 4;
/// Far more than the longest way from any state to the end of its batch.
const STEPS_TO_FREE_MAX: usize = 500;

/// What the world does next. What makes no sense at the moment is passed over.
#[derive(Clone, Copy, Debug)]
pub(super) enum Chance {
    /// A free lane takes a batch: so many records of each partition that is here.
    Take([Option<usize>; PARTITIONS as usize]),
    /// The database answers as the positions demand, or with this instead.
    Answer(Option<Fault>),
    /// The wait is over.
    Waited,
    /// The group takes a partition away.
    Revoke(i32),
    /// The group gives a partition back, or an operator resumes it.
    Return(i32),
    /// Another member claims the partition and applies a record.
    Steal(i32),
    /// Somebody moves the position by hand, past a record.
    Move(i32),
    /// The next records of the partition are so malformed that its breaker trips on them.
    Spoil(i32),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Fault {
    Conflict,
    Duplicates,
    Turned,
    Transient,
}

/// A position as the database has it.
#[derive(Default)]
struct Position {
    next: usize,
    /// Another member claimed it.
    stolen: bool,
    /// Somebody moved it by hand.
    moved: bool,
    /// Its breaker trips on what is committed next.
    spoilt: bool,
}

/// Where a partition is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Here,
    /// Revoked: the lane owes a `LetGo`.
    Leaving,
    Gone,
}

/// A lane, its shell and its database.
pub(super) struct World {
    lane: Lane,
    positions: BTreeMap<i32, Position>,
    places: BTreeMap<i32, Place>,
    /// Records that the database refuses.
    poison: BTreeSet<(i32, usize)>,
    /// The batch in flight.
    batch: Vec<Share>,
    /// Partitions that left since it was taken, also if they came back.
    left: BTreeSet<i32>,
    running: Option<Attempt>,
    committed: Option<Vec<Share>>,
    waiting: bool,
    script: String,
}

impl World {
    pub(super) fn new(poison: BTreeSet<(i32, usize)>) -> World {
        World {
            lane: Lane::default(),
            positions: (0..PARTITIONS).map(|p| (p, Position::default())).collect(),
            places: (0..PARTITIONS).map(|p| (p, Place::Here)).collect(),
            poison,
            batch: Vec::new(),
            left: BTreeSet::new(),
            running: None,
            committed: None,
            waiting: false,
            script: String::new(),
        }
    }

    pub(super) fn chance(&mut self, chance: Chance) {
        match chance {
            Chance::Take(records) if self.lane.is_free() => self.take(records),
            Chance::Answer(fault) if self.running.is_some() => self.answer(fault),
            Chance::Waited if self.waiting => self.waited(),
            Chance::Revoke(partition) if self.places[&partition] == Place::Here => {
                self.places.insert(partition, Place::Leaving);
                self.left.insert(partition);
                self.step(Event::Revoked(vec![partition]));
            }
            Chance::Return(partition) if self.places[&partition] == Place::Gone => {
                self.places.insert(partition, Place::Here);
                let next = self.positions[&partition].next;
                self.positions.insert(
                    partition,
                    Position {
                        next,
                        ..Position::default()
                    },
                );
            }
            Chance::Steal(partition) => {
                let position = self.position(partition);
                position.next += 1;
                position.stolen = true;
            }
            Chance::Move(partition) => {
                let position = self.position(partition);
                position.next += 1;
                position.moved = true;
            }
            Chance::Spoil(partition) => self.position(partition).spoilt = true,
            Chance::Take(_)
            | Chance::Answer(_)
            | Chance::Waited
            | Chance::Revoke(_)
            | Chance::Return(_) => {}
        }
    }

    /// The faults are over: the lane must end its batch.
    pub(super) fn calm_down(&mut self) {
        for _ in 0..STEPS_TO_FREE_MAX {
            if self.running.is_some() {
                self.answer(None);
            } else if self.waiting {
                self.waited();
            }
        }
        self.promise(self.lane.is_free(), "each batch ends");
    }

    fn take(&mut self, records: [Option<usize>; PARTITIONS as usize]) {
        let here = (0..)
            .zip(records)
            .filter(|(partition, _)| self.places[partition] == Place::Here);
        let shares = here.filter_map(|(partition, records)| {
            let first = self.positions[&partition].next;
            Some(Share {
                partition,
                first,
                until: first + records?,
            })
        });
        self.batch = shares.collect();
        self.left.clear();
        if !self.batch.is_empty() {
            self.step(Event::Took(self.batch.clone()));
        }
    }

    fn waited(&mut self) {
        self.waiting = false;
        self.step(Event::Waited);
    }

    fn answer(&mut self, fault: Option<Fault>) {
        let shares = self.running.take().expect("something runs").shares;
        let answer = match fault {
            Some(Fault::Conflict) => Answer::Conflict,
            Some(Fault::Duplicates) => Answer::Duplicates,
            Some(Fault::Turned) => Answer::Turned,
            Some(Fault::Transient) => Answer::Transient,
            None => self.truth(&shares),
        };
        let answer = match answer {
            Answer::Committed => self.commit(shares),
            other => other,
        };
        self.step(Event::Answered(answer));
    }

    fn commit(&mut self, shares: Vec<Share>) -> Answer {
        let mut tripped = Vec::new();
        for share in &shares {
            let position = self.position(share.partition);
            position.next = share.until;
            if position.spoilt {
                tripped.push(share.partition);
            }
        }
        self.committed = Some(shares);
        match tripped.is_empty() {
            true => Answer::Committed,
            false => Answer::Tripped(tripped),
        }
    }

    /// What the database must answer to these shares.
    fn truth(&self, shares: &[Share]) -> Answer {
        let partitions = || shares.iter().map(|share| share.partition);
        let stolen: Vec<i32> = partitions().filter(|p| self.positions[p].stolen).collect();
        let guilty = |share: &Share| {
            (share.first..share.until).any(|n| self.poison.contains(&(share.partition, n)))
        };
        if !stolen.is_empty() {
            Answer::Lost(stolen)
        } else if let Some(moved) = partitions().find(|p| self.positions[p].moved) {
            Answer::Ahead(moved)
        } else if shares.iter().any(guilty) {
            Answer::Refused("23514".to_owned())
        } else {
            Answer::Committed
        }
    }

    fn step(&mut self, event: Event) {
        let line = line(&event);
        let effects = self.lane.step(event);
        self.script += &told(&line, &effects);
        for effect in effects {
            self.perform(effect);
        }
        let idle = self.running.is_none() && !self.waiting;
        self.promise(
            self.lane.is_free() == idle,
            "a lane is free when it asks for nothing",
        );
        self.promise(
            self.committed.is_none(),
            "what is committed is settled at once",
        );
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Apply(attempt) => {
                self.promise(
                    self.running.is_none() && !self.waiting,
                    "one thing at a time",
                );
                attempt
                    .shares
                    .iter()
                    .for_each(|share| self.may_apply(share));
                self.running = Some(attempt);
            }
            Effect::Settle(shares) => {
                let committed = self.committed.take();
                self.promise(
                    committed.as_ref() == Some(&shares),
                    "what is committed is settled, once",
                );
            }
            Effect::Wait(_) => self.waiting = true,
            Effect::LetGo(partitions) => partitions
                .into_iter()
                .for_each(|partition| self.lets_go(partition)),
            Effect::Lost(partitions) => partitions
                .into_iter()
                .for_each(|partition| self.gives_up(partition)),
            Effect::Halt(partition, why) => {
                let next = self.positions[&partition].next;
                let guilty = match why {
                    Halt::Ahead => self.positions[&partition].moved,
                    Halt::Refused(_) => self.poison.contains(&(partition, next)),
                    Halt::Malformed => self.positions[&partition].spoilt,
                };
                self.promise(
                    guilty,
                    "a partition halts at its own guilty record, and nowhere else",
                );
                self.gives_up(partition);
            }
            Effect::TurnPart => {}
            Effect::Free => self.ends(),
        }
    }

    fn may_apply(&self, share: &Share) {
        let position = &self.positions[&share.partition];
        self.promise(
            !self.left.contains(&share.partition),
            "nothing is applied after its partition left",
        );
        let known = position.stolen || position.moved || position.next == share.first;
        self.promise(known, "no record is settled twice, and none is skipped");
    }

    fn lets_go(&mut self, partition: i32) {
        self.promise(
            self.places[&partition] == Place::Leaving,
            "a revoked partition is let go once",
        );
        let running = self.running.iter().flat_map(|attempt| &attempt.shares);
        self.promise(
            running
                .into_iter()
                .all(|share| share.partition != partition),
            "nothing let go is in flight",
        );
        self.places.insert(partition, Place::Gone);
    }

    fn gives_up(&mut self, partition: i32) {
        self.left.insert(partition);
        if self.places[&partition] == Place::Here {
            self.places.insert(partition, Place::Gone);
        }
    }

    fn ends(&mut self) {
        self.promise(!self.batch.is_empty(), "each batch ends once");
        for share in std::mem::take(&mut self.batch) {
            let position = &self.positions[&share.partition];
            let whole = self.left.contains(&share.partition)
                || position.stolen
                || position.moved
                || position.next == share.until;
            self.promise(whole, "what stays is settled to its end");
        }
        let owed = self.places.values().any(|&place| place == Place::Leaving);
        self.promise(!owed, "a revoked partition is let go before the batch ends");
    }

    fn position(&mut self, partition: i32) -> &mut Position {
        self.positions
            .get_mut(&partition)
            .expect("a partition of this world")
    }

    fn promise(&self, kept: bool, promise: &str) {
        assert!(kept, "{promise}: broken by\n{}", self.script);
    }
}
