//! What a coordinator has done in the background: claims with their checks against the log, and halts
//! written down. Each statement is a step; whatever fails is tried again from the start.

use crate::coordinator::{Halt, Heard};
use crate::database::{Key, Session};
use crate::outside::{Fault, Outside};
use crate::plan::Feature;
use crate::process::Process;
use crate::rows::{Change, Position, Why};
use crate::seen::Sight;
use crate::world::{Event, Who};

/// First and longest wait before the next try, in milliseconds.
const WAIT_MS: (i64, i64) = (25, 3_000);

/// A partition as it was claimed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claimed {
    pub(crate) partition: i32,
    pub(crate) claim: u128,
    pub(crate) next_offset: i64,
    pub(crate) halted: bool,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Connect,
    Read,
    /// With the position that was read, or where the log begins if there was none.
    Prove(i64),
    Begin,
    Claim,
    Judge,
}

/// A claim under way.
#[derive(Debug)]
pub(crate) struct Claim {
    pub(crate) partition: i32,
    generation: u32,
    doubtful: bool,
    step: Step,
    session: Option<Session>,
    wait: i64,
    claim: u128,
    row: Option<Position>,
    is_ended: bool,
}

impl Claim {
    pub(crate) fn new(partition: i32, generation: u32, doubtful: bool) -> Claim {
        Claim {
            partition,
            generation,
            doubtful,
            step: Step::Connect,
            session: None,
            wait: WAIT_MS.0,
            claim: 0,
            row: None,
            is_ended: false,
        }
    }

    /// Nobody waits for it any more. Answers whether the server still does a statement of it.
    pub(crate) fn end(&mut self) -> bool {
        self.is_ended = true;
        matches!(self.step, Step::Claim)
    }

    /// One step. Answers what it led to, at its end.
    fn go(&mut self, who: Who, out: &mut Outside) -> Result<Option<Claimed>, Fault> {
        if let Some(session) = self.session {
            out.statement(session, None)?;
        }
        match self.step {
            Step::Connect => {
                self.session = Some(out.connect()?);
                self.step = if self.doubtful {
                    Step::Read
                } else {
                    Step::Begin
                };
            }
            Step::Read => {
                let low = out.broker.logs[crate::broker::at(self.partition)].low;
                let row = out.db.tables.position(self.partition);
                self.step = Step::Prove(row.map_or(low, |row| row.next_offset));
            }
            Step::Prove(next_offset) => {
                // A commit that the group accepts proves that the partition is still given to us.
                if !out.tell_group(who, self.partition, next_offset) {
                    return Err(Fault::Transient);
                }
                self.step = Step::Begin;
            }
            Step::Begin => {
                self.begin(out);
                self.step = Step::Claim;
            }
            Step::Claim => {
                self.claim(who, out)?;
                self.step = Step::Judge;
            }
            Step::Judge => return self.judge(who, out).map(Some),
        }
        Ok(None)
    }

    /// A partition that was never met starts at the beginning of its log.
    fn begin(&self, out: &mut Outside) {
        if out.db.tables.position(self.partition).is_none() {
            let low = out.broker.logs[crate::broker::at(self.partition)].low;
            let row = Position {
                claim: 0,
                next_offset: low,
                retained_from: low,
                owner_epoch: 0,
                halted: None,
                revision: 0,
            };
            out.commit_at_once(vec![Change::Position(self.partition, row)], None);
        }
    }

    /// Waits for a former owner's transaction, and takes the position as that left it.
    fn claim(&mut self, who: Who, out: &mut Outside) -> Result<(), Fault> {
        let waiter = Event::Claim(who, self.generation);
        if !out.db.is_free(Key::Position(self.partition), waiter) {
            out.note(Sight::WaitedForRow);
            return Err(Fault::Blocked);
        }
        let row = out
            .db
            .tables
            .position(self.partition)
            .ok_or(Fault::Transient)?;
        self.claim = u128::from(out.chance.any()) << 64 | u128::from(out.chance.any());
        let row = Position {
            claim: self.claim,
            owner_epoch: row.owner_epoch + 1,
            ..row
        };
        self.row = Some(row);
        out.commit_at_once(vec![Change::Position(self.partition, row)], None);
        match out.strikes(Feature::BrokenLinks, 3) {
            true => Err(Fault::Transient),
            false => Ok(()),
        }
    }

    /// Whether the partition may go on at its position. Asked after the claim: nobody moves it any more.
    fn judge(&self, who: Who, out: &mut Outside) -> Result<Claimed, Fault> {
        let row = self.row.ok_or(Fault::Transient)?;
        if !out.db.is_free(
            Key::Position(self.partition),
            Event::Claim(who, self.generation),
        ) {
            return Err(Fault::Blocked);
        }
        let mut halted = row.halted.is_some();
        if let (false, Some(why)) = (halted, self.why_not(row.next_offset, out)) {
            halted = true;
            out.halt(self.partition, self.claim, why);
        }
        Ok(Claimed {
            partition: self.partition,
            claim: self.claim,
            next_offset: row.next_offset,
            halted,
        })
    }

    fn why_not(&self, next_offset: i64, out: &mut Outside) -> Option<Why> {
        let topic = out.broker.topic;
        if out.db.tables.topic.is_none() {
            out.commit_at_once(vec![Change::Topic(topic)], None);
        }
        let log = &out.broker.logs[crate::broker::at(self.partition)];
        if out.db.tables.topic != Some(topic) {
            Some(Why::Recreated)
        } else if next_offset < log.low {
            Some(Why::Retention)
        } else if next_offset > log.high {
            Some(Why::Truncated)
        } else {
            None
        }
    }
}

impl Process {
    /// One step of the claim of this generation.
    pub(crate) fn claim_on(&mut self, generation: u32, out: &mut Outside) {
        let who = self.who;
        let claims = &mut self.coordinator.claims;
        let Some(place) = claims.iter().position(|it| it.generation == generation) else {
            return;
        };
        let claim = &mut claims[place];
        let went = claim.go(who, out);
        if claim.is_ended && !matches!(went, Err(Fault::Blocked)) {
            claims.swap_remove(place);
            return;
        }
        match went {
            Ok(None) => {
                if matches!(claim.step, Step::Judge) {
                    self.store.start_epoch();
                }
                out.later(0, 15, Event::Claim(who, generation));
            }
            Ok(Some(claimed)) => {
                claims.swap_remove(place);
                out.later(
                    0,
                    5,
                    Event::Heard(
                        who,
                        Heard::Claimed {
                            generation,
                            claimed,
                        },
                    ),
                );
            }
            Err(Fault::Blocked) => {}
            Err(_) => {
                claim.step = Step::Connect;
                claim.session = None;
                let wait = claim.wait;
                claim.wait = (wait * 2).min(WAIT_MS.1);
                out.later(wait, wait + wait / 2, Event::Claim(who, generation));
            }
        }
    }

    /// Writes halts down. If another owner has the partition by then, it is theirs.
    pub(crate) fn write_halts(&mut self, out: &mut Outside) {
        if out.connect().is_err() {
            return out.later(25, 500, Event::WriteHalt(self.who));
        }
        for halt in std::mem::take(&mut self.coordinator.halts) {
            let Halt {
                partition,
                generation,
                claim,
                why,
            } = halt;
            if !out
                .db
                .is_free(Key::Position(partition), Event::WriteHalt(self.who))
            {
                self.coordinator.halts.push(halt);
                continue;
            }
            out.halt(partition, claim, why);
            let written = Heard::HaltWritten {
                partition,
                generation,
            };
            out.later(0, 5, Event::Heard(self.who, written));
        }
    }
}

impl Outside {
    /// Halts a partition, if it is still owned under this claim.
    fn halt(&mut self, partition: i32, claim: u128, why: Why) {
        let row = self.db.tables.position(partition);
        let Some(row) = row.filter(|row| row.claim == claim) else {
            return;
        };
        match why {
            Why::Retention => self.note(Sight::HaltedRetention),
            Why::Recreated => self.note(Sight::HaltedRecreated),
            Why::Refused => self.note(Sight::HaltedRefused),
            Why::Ahead | Why::Malformed | Why::Truncated => {}
        }
        self.say(|| {
            format!(
                "partition {partition} is halted at {}: {why:?}",
                row.next_offset
            )
        });
        let row = Position {
            halted: Some(why),
            ..row
        };
        self.commit_at_once(vec![Change::Position(partition, row)], None);
    }
}
