//! What the state machine asks for, done: in order, one at a time.

use plimsoll_domain::lane as machine;
use plimsoll_domain::lane::{Answer, Effect, Halt, Share, Sought};

use super::{Lane, Phase, Shared};
use crate::attempt::{Attempt, Progress};
use crate::database::Session;
use crate::outside::Outside;
use crate::rows::{Change, Why};
use crate::seen::Sight;
use crate::world::Event;

impl Lane {
    pub(super) fn perform(&mut self, effects: Vec<Effect>, shared: &mut Shared<'_>) {
        self.effects.extend(effects);
        while let Some(effect) = self.effects.pop_front() {
            match effect {
                Effect::Apply(wanted) => return self.begin(&wanted, shared),
                // A drain does not wait for a database that is away: nothing is committed.
                Effect::Wait(_) if self.ending => {
                    self.effects.clear();
                    break;
                }
                Effect::Wait(wait) => {
                    let wait = i64::try_from(wait.as_millis()).expect("seconds");
                    self.phase = Phase::Waiting;
                    return self.appoint(shared.out, wait, wait + wait / 2);
                }
                Effect::TurnPart => {
                    shared.out.note(Sight::PartForgets);
                    self.phase = Phase::Turning(shared.store.parts.open);
                    return self.appoint(shared.out, 0, 5);
                }
                Effect::Settle(shares) => self.settled(&shares),
                Effect::LetGo(partitions) => self.has_let_go(&partitions, shared.out),
                Effect::Lost(partitions) => self.lose(&partitions, shared),
                Effect::Halt(partition, why) => {
                    let why = match why {
                        Halt::Ahead => Why::Ahead,
                        Halt::Refused(_) => Why::Refused,
                        Halt::Malformed => Why::Malformed,
                    };
                    self.halt(partition, why, shared.out);
                }
                Effect::Free => {}
            }
        }
        self.end(shared);
    }

    pub(super) fn begin(&mut self, wanted: &machine::Attempt, shared: &mut Shared<'_>) {
        let Some(session) = self.connected(shared) else {
            shared
                .out
                .say(|| format!("{} lane {} cannot connect", self.who, self.number));
            let effects = self
                .machine
                .step(machine::Event::Answered(Answer::Transient));
            return self.perform(effects, shared);
        };
        self.session = None;
        for share in &wanted.shares {
            let stays = self.still(share.partition).is_some();
            shared.out.must(stays, "I15", || {
                format!("{share:?} is applied, and its partition has left")
            });
        }
        let sought = wanted
            .shares
            .iter()
            .map(|&share| self.sought(share))
            .collect();
        let attempt = Attempt::new(wanted, &self.batch, sought, session, shared.store);
        self.phase = Phase::Applying(Box::new(attempt));
        self.appoint(shared.out, 0, 5);
    }

    pub(super) fn sought(&self, share: Share) -> Sought {
        let owned = &self.in_flight[&share.partition];
        Sought {
            partition: share.partition,
            claim: owned.claim,
            from: owned.next_offset,
            to: self.batch.offset_after(share),
        }
    }

    pub(super) fn connected(&mut self, shared: &mut Shared<'_>) -> Option<Session> {
        if self.session.is_none() {
            self.session = shared.out.connect().ok();
            if self.session.is_some() {
                shared.store.reconnected(shared.out);
            }
        }
        self.session
    }

    pub(super) fn apply(&mut self, shared: &mut Shared<'_>) {
        let waiter = self.event();
        let Phase::Applying(attempt) = &mut self.phase else {
            return;
        };
        match attempt.go(shared.store, shared.out, waiter) {
            Progress::Next => {
                let slow = if shared.out.chance.percent(5) { 200 } else { 8 };
                shared.out.later(0, slow, waiter);
            }
            Progress::After(wait) => shared.out.later(wait, wait + wait / 2, waiter),
            Progress::Blocked => {}
            Progress::Done(answer, session) => {
                self.session = session;
                self.answered(answer, shared);
            }
        }
    }

    pub(super) fn answered(&mut self, answer: Answer, shared: &mut Shared<'_>) {
        let (who, number) = (self.who, self.number);
        shared
            .out
            .say(|| format!("{who} lane {number}: {answer:?}"));
        match &answer {
            Answer::Committed | Answer::Tripped(_) | Answer::Transient => {}
            Answer::Conflict => shared.out.note(Sight::Conflict),
            Answer::Duplicates => shared.out.note(Sight::DuplicatesAnswer),
            Answer::Turned => {
                shared.out.note(Sight::TurnedAnswer);
                shared.store.refresh_parts(shared.out);
            }
            Answer::Lost(_) => shared.out.note(Sight::Lost),
            Answer::Ahead(_) => shared.out.note(Sight::Ahead),
            Answer::Refused(_) => shared.out.note(Sight::Cut),
        }
        let effects = self.machine.step(machine::Event::Answered(answer));
        self.perform(effects, shared);
    }

    pub(super) fn settled(&mut self, shares: &[Share]) {
        for &share in shares {
            let next_offset = self.batch.offset_after(share);
            let taken = self.in_flight.get_mut(&share.partition);
            let taken = taken.expect("only shares that were taken settle");
            taken.next_offset = next_offset;
            let generation = taken.generation;
            let mut progress = self.progress.borrow_mut();
            let mark = progress.get_mut(&share.partition);
            if let Some(mark) = mark.filter(|mark| mark.0 == generation) {
                mark.1 = next_offset;
            }
            drop(progress);
            if let Some(owned) = self.still(share.partition) {
                owned.next_offset = next_offset;
            }
        }
    }

    /// Closes the open part and opens the next, unless somebody did. A failure shows again.
    pub(super) fn turn(&mut self, part: usize, shared: &mut Shared<'_>) {
        if self
            .connected(shared)
            .is_some_and(|it| shared.out.db.is_alive(it))
        {
            if !shared.out.turn(part, self.event()) {
                return;
            }
            shared.store.refresh_parts(shared.out);
        }
        self.perform(Vec::new(), shared);
    }
}

impl Outside {
    /// Turns the part, unless somebody did. Answers whether it could be done at once; if not, `waiter`
    /// is woken when those who insert have ended.
    pub(crate) fn turn(&mut self, expected: usize, waiter: Event) -> bool {
        if self.db.tables.parts.len() != expected + 1 {
            return true;
        }
        if !self
            .db
            .is_free(crate::database::Key::Part(expected), waiter)
        {
            return false;
        }
        let change = Change::Turn(self.now, self.chance.any());
        self.say(|| format!("part {expected} of the ledger is closed"));
        self.commit_at_once(vec![change], None);
        true
    }
}
