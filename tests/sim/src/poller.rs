//! The polling thread of a process: fetches what it is told to, and mirrors positions to the group. It
//! does what it was told between two polls, so it may hear of a revocation first.

use std::collections::VecDeque;

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

#[derive(Default)]
pub(crate) struct Poller {
    pub(crate) told: VecDeque<Told>,
    fetched: Vec<Option<Assigned>>,
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
                    out.must(before.is_none(), "I16", || {
                        format!("{assigned:?} cannot be assigned: {before:?} is")
                    });
                }
                Told::Unassign(partition) => drop(self.remove(partition)),
            }
        }
    }

    /// Fetches it no more. Answers whether it was fetched.
    pub(crate) fn remove(&mut self, partition: i32) -> Option<Assigned> {
        self.fetched.get_mut(at(partition))?.take()
    }
}

impl Process {
    /// Does what it was told, and polls once: some records of each partition, the partitions in any order.
    pub(crate) fn poll(&mut self, out: &mut Outside) {
        if self.ending {
            return;
        }
        self.poller.obey(out);
        self.mirror(out);
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
        out.later(20, 250, Event::Poll(self.who));
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
    fn mirror(&mut self, out: &mut Outside) {
        if out.now - self.poller.mirrored_at < PULSE_MS {
            return;
        }
        self.poller.mirrored_at = out.now;
        for assigned in self.poller.fetched.iter().flatten() {
            self.mirror_one(assigned, out);
        }
    }

    /// How far its lane came with it under this assignment.
    pub(crate) fn mirror_one(&self, assigned: &Assigned, out: &mut Outside) {
        let mark = self.lanes[assigned.lane].progress.get(&assigned.partition);
        if let Some(&(generation, next_offset)) = mark
            && generation == assigned.generation
        {
            let next_offset = match out.has_bug(Bug::FetchedIsMirrored) {
                true => assigned.next_offset,
                false => next_offset,
            };
            out.mirror(self.who, assigned.partition, next_offset);
        }
    }
}

impl Outside {
    /// The group takes a position from the owner of its partition.
    pub(crate) fn mirror(&mut self, who: Who, partition: i32, next_offset: i64) {
        if self.broker.owners[at(partition)] != Some(who) {
            return self.note(Sight::MirrorRefused);
        }
        let stored = self.db.tables.position(partition);
        let stored = stored.map(|row| row.next_offset);
        // What was right when it was committed may be too much for a database that went back since.
        let is_held_against = !self.db.went_back && !self.plan.has(Feature::PositionsMoved);
        let is_right = !is_held_against || stored.is_some_and(|stored| next_offset <= stored);
        self.must(is_right, "I10", || {
            format!(
                "{who} mirrors {next_offset} of partition {partition}, and {stored:?} is stored"
            )
        });
        self.broker.mirrored[at(partition)] = Some(next_offset);
    }
}
