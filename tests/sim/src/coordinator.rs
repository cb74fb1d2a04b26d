//! Who owns which partition in one process, and since when. Every assignment of a partition has a
//! generation, and whatever comes back with an older one is dropped, as in the service.

use std::collections::BTreeMap;

use crate::claiming::{Claim, Claimed};
use crate::lane::Order;
use crate::outside::Outside;
use crate::plan::Bug;
use crate::poller::{Assigned, Told};
use crate::process::Process;
use crate::rows::Why;
use crate::seen::Sight;
use crate::world::Event;

/// Everything a coordinator can hear.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Heard {
    Assigned {
        partition: i32,
    },
    /// The group takes it; `turn` is whom it is given to after.
    Revoked {
        partition: i32,
        turn: u32,
    },
    OutOfRange {
        partition: i32,
    },
    LetGo {
        partition: i32,
    },
    Lost {
        partition: i32,
        generation: u32,
    },
    Halt {
        partition: i32,
        generation: u32,
        claim: u128,
        why: Why,
    },
    Claimed {
        generation: u32,
        claimed: Claimed,
    },
    /// The database knows of the halt.
    HaltWritten {
        partition: i32,
        generation: u32,
    },
    Resumed {
        partition: i32,
    },
    Recreated,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) generation: u32,
    pub(crate) stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Claiming,
    Fetched(usize),
    /// Whether the database knows. Before, that it says nothing of a halt does not mean that an
    /// operator resumed it.
    Halted(bool),
}

#[derive(Default)]
pub(crate) struct Coordinator {
    pub(crate) places: BTreeMap<i32, Place>,
    /// Partitions that lanes have not let go yet, and the group's turn.
    leaving: Vec<(i32, u32)>,
    generations: u32,
    pub(crate) claims: Vec<Claim>,
    /// Halts to be written down, however long it takes.
    pub(crate) halts: Vec<Halt>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Halt {
    pub(crate) partition: i32,
    pub(crate) generation: u32,
    pub(crate) claim: u128,
    pub(crate) why: Why,
}

impl Coordinator {
    /// Nobody claims a partition that was taken, or that is claimed anew.
    fn end_claim(&mut self, partition: i32) {
        self.claims
            .retain_mut(|claim| claim.partition != partition || claim.end());
    }
}

impl Process {
    pub(crate) fn react(&mut self, heard: Heard, out: &mut Outside) {
        match heard {
            Heard::Assigned { partition } => self.claim(partition, false, out),
            Heard::Revoked { partition, turn } => self.revoked(partition, turn, out),
            Heard::OutOfRange { partition } => self.claim_again(partition, out),
            Heard::Recreated => {
                let all: Vec<i32> = self.coordinator.places.keys().copied().collect();
                all.into_iter()
                    .for_each(|partition| self.claim_again(partition, out));
            }
            Heard::LetGo { partition } => self.has_let_go(partition, out),
            Heard::Lost {
                partition,
                generation,
            } if self.is_current(partition, generation) => {
                self.tell(Told::Unassign(partition));
                self.claim(partition, true, out);
            }
            Heard::Halt {
                partition,
                generation,
                claim,
                why,
            } if self.is_current(partition, generation) => {
                self.tell(Told::Unassign(partition));
                self.halted(partition, false);
                self.coordinator.halts.push(Halt {
                    partition,
                    generation,
                    claim,
                    why,
                });
                out.later(0, 20, Event::WriteHalt(self.who));
            }
            Heard::HaltWritten {
                partition,
                generation,
            } if self.is_current(partition, generation) => self.halted(partition, true),
            Heard::Claimed {
                generation,
                claimed,
            } if self.is_current(claimed.partition, generation) => {
                self.claimed(generation, claimed, out);
            }
            Heard::Resumed { partition } if self.is_halted(partition) => {
                self.claim(partition, false, out)
            }
            Heard::Lost { .. }
            | Heard::Halt { .. }
            | Heard::HaltWritten { .. }
            | Heard::Claimed { .. }
            | Heard::Resumed { .. } => {
                out.note(Sight::HeardTooLate);
            }
        }
    }

    fn is_current(&self, partition: i32, generation: u32) -> bool {
        let place = self.coordinator.places.get(&partition);
        place.is_some_and(|place| place.generation == generation)
    }

    fn is_halted(&self, partition: i32) -> bool {
        let place = self.coordinator.places.get(&partition);
        place.is_some_and(|place| place.stage == Stage::Halted(true))
    }

    /// Starts a claim under a new generation. `doubtful`: only if the group confirms us first.
    fn claim(&mut self, partition: i32, doubtful: bool, out: &mut Outside) {
        let coordinator = &mut self.coordinator;
        coordinator.generations += 1;
        let generation = coordinator.generations;
        let place = Place {
            generation,
            stage: Stage::Claiming,
        };
        coordinator.places.insert(partition, place);
        coordinator.end_claim(partition);
        coordinator
            .claims
            .push(Claim::new(partition, generation, doubtful));
        out.later(0, 20, Event::Claim(self.who, generation));
    }

    fn claimed(&mut self, generation: u32, claimed: Claimed, out: &mut Outside) {
        let Claimed {
            partition,
            claim,
            next_offset,
            halted,
        } = claimed;
        if halted {
            return self.halted(partition, true);
        }
        let lane = self.least_loaded();
        let place = Place {
            generation,
            stage: Stage::Fetched(lane),
        };
        self.coordinator.places.insert(partition, place);
        let who = self.who;
        out.say(|| {
            format!("{who} lane {lane} goes on with partition {partition} at {next_offset}")
        });
        let own = Order::Own {
            partition,
            generation,
            claim,
            next_offset,
        };
        self.order(lane, own, out);
        self.tell(Told::Assign(Assigned {
            partition,
            generation,
            next_offset,
            lane,
        }));
    }

    fn tell(&mut self, told: Told) {
        self.poller.told.push_back(told);
    }

    fn least_loaded(&self) -> usize {
        let load = |lane: &usize| {
            let places = self.coordinator.places.values();
            places
                .filter(|place| place.stage == Stage::Fetched(*lane))
                .count()
        };
        (0..self.lanes.len()).min_by_key(load).unwrap_or(0)
    }

    fn order(&mut self, lane: usize, order: Order, out: &mut Outside) {
        self.lanes[lane].orders.push_back(order);
        out.later(0, 10, Event::Obey(self.who, lane));
    }

    fn let_go(&mut self, lane: usize, partition: i32, generation: u32, out: &mut Outside) {
        let order = Order::LetGo {
            partition,
            generation,
        };
        self.order(lane, order, out);
    }

    fn revoked(&mut self, partition: i32, turn: u32, out: &mut Outside) {
        self.coordinator.end_claim(partition);
        self.coordinator.leaving.push((partition, turn));
        match self.coordinator.places.remove(&partition) {
            Some(Place {
                generation,
                stage: Stage::Fetched(lane),
            }) => {
                self.let_go(lane, partition, generation, out);
                // What the thread was told and has not done yet would outlive the revocation.
                if !out.has_bug(Bug::AssignOutlivesRevocation) {
                    self.tell(Told::Unassign(partition));
                }
            }
            Some(_) | None => self.has_let_go(partition, out),
        }
    }

    fn has_let_go(&mut self, partition: i32, out: &mut Outside) {
        let gone = |&mut (leaving, _): &mut (i32, u32)| leaving == partition;
        let gone: Vec<(i32, u32)> = self.coordinator.leaving.extract_if(.., gone).collect();
        for (_, turn) in gone {
            self.revocation_is_over(turn, out);
            out.later(0, 5, Event::HandOver(partition, turn));
        }
    }

    /// Claims anew, which tells what is wrong with the position.
    fn claim_again(&mut self, partition: i32, out: &mut Outside) {
        let place = self.coordinator.places.get(&partition).copied();
        if let Some(Place {
            generation,
            stage: Stage::Fetched(lane),
        }) = place
        {
            self.let_go(lane, partition, generation, out);
            self.tell(Told::Unassign(partition));
            self.claim(partition, false, out);
        }
    }

    fn halted(&mut self, partition: i32, is_written: bool) {
        if let Some(place) = self.coordinator.places.get_mut(&partition) {
            place.stage = Stage::Halted(is_written);
        }
    }

    /// Now and then: was the topic made again, did an operator resume a partition?
    pub(crate) fn look_around(&mut self, out: &mut Outside) {
        if out.db.tables.topic.is_some_and(|id| id != out.broker.topic) {
            out.later(0, 20, Event::Heard(self.who, Heard::Recreated));
        }
        for (&partition, place) in &self.coordinator.places {
            let row = out.db.tables.position(partition);
            // A halt that went away with a lost tail is over, too.
            let resumed = match row {
                Some(row) => row.halted.is_none(),
                None => !out.has_bug(Bug::LostHaltGoesOn),
            };
            if place.stage == Stage::Halted(true) && resumed {
                out.later(0, 20, Event::Heard(self.who, Heard::Resumed { partition }));
            }
        }
    }
}
