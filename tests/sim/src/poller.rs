//! The polling thread of a process: fetches what it is told to, and mirrors positions to the group. It
//! does what it was told between two polls, so it may hear of a revocation first.

use std::collections::{BTreeMap, VecDeque};

use crate::batch::Record;
use crate::broker::{Fetched, at};
use crate::coordinator::Heard;
use crate::lane::CHUNKS_MAX;
use crate::outside::Outside;
use crate::plan::{Bug, Feature};
use crate::process::Process;
use crate::seen::Sight;
use crate::world::{Event, Who};

/// Positions are mirrored this often.
const PULSE_MS: i64 = 1_000;
/// A revocation waits this long for lanes to finish. The thread does nothing else meanwhile.
pub(crate) const LET_GO_MS_MAX: i64 = 2_000;

/// What the group says to a member.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Said {
    Assigned {
        partition: i32,
    },
    /// `turn` is whom it is given to after.
    Revoked {
        partition: i32,
        turn: u32,
    },
    /// It has changed, for others perhaps.
    Settled,
}

/// A partition that is fetched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Assigned {
    pub(crate) partition: i32,
    pub(crate) generation: u32,
    pub(crate) next_offset: i64,
    pub(crate) lane: usize,
}

/// What the thread is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told {
    Assign(Assigned),
    Unassign(i32),
}

/// A revocation that waits for a lane.
#[derive(Clone, Copy, Debug)]
struct Revoking {
    turn: u32,
    until: i64,
    removed: Option<Assigned>,
}

#[derive(Default)]
pub(crate) struct Poller {
    pub(crate) told: VecDeque<Told>,
    fetched: Vec<Option<Assigned>>,
    /// What the group said, not heard yet.
    unheard: VecDeque<Said>,
    revoking: Option<Revoking>,
    mirrored: BTreeMap<i32, i64>,
    mirrored_at: i64,
}

impl Poller {
    fn obey(&mut self, out: &mut Outside) {
        while let Some(told) = self.told.pop_front() {
            match told {
                Told::Assign(assigned) => {
                    let place = at(assigned.partition);
                    if self.fetched.len() <= place {
                        self.fetched.resize(place + 1, None);
                    }
                    let before = self.fetched[place].replace(assigned);
                    // A claim may have told the group an earlier position than was mirrored before.
                    if !out.has_bug(Bug::MirrorOutlivesItsAssignment) {
                        self.mirrored.clear();
                    }
                    out.must(before.is_none(), "I16", || {
                        format!("{assigned:?} cannot be assigned: {before:?} is")
                    });
                }
                Told::Unassign(partition) => drop(self.remove(partition)),
            }
        }
    }

    /// Fetches it no more. Answers as what it was fetched.
    fn remove(&mut self, partition: i32) -> Option<Assigned> {
        self.fetched.get_mut(at(partition))?.take()
    }
}

impl Process {
    /// Does what it was told, and polls once: some records of each partition, the partitions in any order.
    pub(crate) fn poll(&mut self, out: &mut Outside) {
        if self.ending {
            return;
        }
        out.later(20, 250, Event::Poll(self.who));
        if let Some(Revoking { turn, until, .. }) = self.poller.revoking {
            if out.now < until {
                return;
            }
            self.revocation_is_over(turn, out);
            if self.poller.revoking.is_some() {
                return;
            }
        }
        self.poller.obey(out);
        self.pulse(out);
        for lane in &mut self.lanes {
            lane.must_not_rest(out);
        }
        let mut staged: Vec<Vec<Record>> = self.lanes.iter().map(|_| Vec::new()).collect();
        let first = out.chance.below(self.poller.fetched.len().max(1));
        for n in 0..self.poller.fetched.len() {
            let place = (first + n) % self.poller.fetched.len();
            let partition = i32::try_from(place).expect("a few partitions");
            if let Some(assigned) = self.poller.fetched[place]
                && self.lanes[assigned.lane].inbox.len() < CHUNKS_MAX
                && !self.stage(partition, assigned, &mut staged[assigned.lane], out)
            {
                out.later(
                    0,
                    5,
                    Event::Heard(self.who, Heard::OutOfRange { partition }),
                );
            }
        }
        for (lane, records) in self.lanes.iter_mut().zip(staged) {
            if !records.is_empty() {
                lane.push(records, out);
            }
        }
    }

    /// What the group says is heard in its order, and by nobody while a revocation waits.
    pub(crate) fn hears(&mut self, said: Said, out: &mut Outside) {
        self.poller.unheard.push_back(said);
        self.hear(out);
    }

    fn hear(&mut self, out: &mut Outside) {
        while self.poller.revoking.is_none()
            && let Some(said) = self.poller.unheard.pop_front()
        {
            match said {
                Said::Assigned { partition } => self.react(Heard::Assigned { partition }, out),
                Said::Revoked { partition, turn } => {
                    self.poller.revoking = Some(Revoking {
                        turn,
                        until: out.now + LET_GO_MS_MAX,
                        removed: self.poller.remove(partition),
                    });
                    self.react(Heard::Revoked { partition, turn }, out);
                }
                Said::Settled if out.has_bug(Bug::RefusedMirrorIsForgotten) => {}
                Said::Settled => self.poller.mirrored.clear(),
            }
        }
    }

    /// Nothing of the partition is in flight, or it took too long.
    pub(crate) fn revocation_is_over(&mut self, turn: u32, out: &mut Outside) {
        if let Some(revoking) = self.poller.revoking.take_if(|it| it.turn == turn) {
            self.mirror(revoking.removed.into_iter().collect(), out);
            self.hear(out);
        }
    }

    /// Answers whether the position lies inside the log.
    fn stage(
        &mut self,
        partition: i32,
        mut assigned: Assigned,
        staged: &mut Vec<Record>,
        out: &mut Outside,
    ) -> bool {
        let most = 1 + out.chance.below(5);
        let room = out.batch_max.saturating_sub(staged.len()).min(most);
        let log = &out.broker.logs[at(partition)];
        let Fetched::Records(records, ended) = log.fetch(assigned.next_offset, room) else {
            return false;
        };
        let generation = assigned.generation;
        for (offset, content) in records {
            assigned.next_offset = offset + 1;
            staged.push(Record {
                partition,
                generation,
                offset,
                content: Some(content),
            });
        }
        if ended && room > 0 && log.high > assigned.next_offset {
            assigned.next_offset = log.high;
            staged.push(Record {
                partition,
                generation,
                offset: log.high,
                content: None,
            });
        }
        self.poller.fetched[at(partition)] = Some(assigned);
        true
    }

    /// Once a second, all that is fetched.
    fn pulse(&mut self, out: &mut Outside) {
        if out.now - self.poller.mirrored_at < PULSE_MS {
            return;
        }
        self.poller.mirrored_at = out.now;
        let fetched: Vec<Assigned> = self.poller.fetched.iter().flatten().copied().collect();
        let is_fetched = |partition| fetched.iter().any(|it| it.partition == partition);
        self.poller
            .mirrored
            .retain(|&partition, _| is_fetched(partition));
        self.mirror(fetched, out);
    }

    /// How far lanes came with these under their assignments, where that has changed. Nobody hears
    /// whether the group takes it.
    fn mirror(&mut self, all: Vec<Assigned>, out: &mut Outside) {
        for assigned in all {
            let partition = assigned.partition;
            let mark = self.progress.borrow().get(&partition).copied();
            let Some((generation, next_offset)) = mark else {
                continue;
            };
            let next_offset = match out.has_bug(Bug::FetchedIsMirrored) {
                true => assigned.next_offset,
                false => next_offset,
            };
            let mirrored = &mut self.poller.mirrored;
            if generation == assigned.generation
                && mirrored.insert(partition, next_offset) != Some(next_offset)
            {
                out.tell_group(self.who, partition, next_offset);
            }
        }
    }
}

impl Outside {
    /// The group takes a position from the owner of its partition, but for some of the time in which
    /// it changes. Answers whether it did.
    pub(crate) fn tell_group(&mut self, who: Who, partition: i32, next_offset: i64) -> bool {
        let is_refused = self.broker.is_changing() && self.chance.percent(50);
        if self.broker.owners[at(partition)] != Some(who) || is_refused {
            self.note(Sight::MirrorRefused);
            return false;
        }
        // What was right when it was committed may be too much for a database that went back since.
        // One that forgot the partition altogether is told where the log begins now.
        let furthest = self.db.furthest.get(&partition).copied();
        let is_forgotten = self.db.tables.position(partition).is_none();
        // A position that was moved by hand to where a lost batch would have ended speaks for all
        // of that batch, until the next attempt.
        let is_by_hand = self.plan.has(Feature::PositionsMoved);
        let is_right = is_forgotten || is_by_hand || Some(next_offset) <= furthest;
        self.must(is_right, "I10", || {
            format!("{who} says {next_offset} of partition {partition}; stored was {furthest:?}")
        });
        self.broker.mirrored[at(partition)] = Some(next_offset);
        true
    }
}
