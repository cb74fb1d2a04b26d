//! What the coordinator orders, and what the stored positions say: partitions come and go.

use plimsoll_domain::lane as machine;
use plimsoll_domain::lane::{Answer, Effect, Sought, answer_of_positions};

use super::{Lane, Order, Owned, Phase, Shared, TOLD_MS};
use crate::coordinator::Heard;
use crate::outside::Outside;
use crate::rows::Why;
use crate::seen::Sight;
use crate::world::Event;

impl Lane {
    /// Looks whether the stored positions are where this lane left them.
    pub(super) fn compare(&mut self, shared: &mut Shared<'_>) {
        if self.owned.is_empty() {
            return;
        }
        let Some(session) = self.connected(shared) else {
            return;
        };
        if shared.out.statement(session, None).is_err() {
            self.session = None;
            return shared.store.start_epoch();
        }
        self.in_flight = self.owned.clone();
        let sought = self.in_flight.iter().map(|(&partition, owned)| Sought {
            partition,
            claim: owned.claim,
            from: owned.next_offset,
            to: owned.next_offset,
        });
        let sought: Vec<Sought> = sought.collect();
        let row = |it: &Sought| {
            Some(
                shared
                    .out
                    .db
                    .tables
                    .position(it.partition)?
                    .row(it.partition),
            )
        };
        let stored: Vec<_> = sought.iter().filter_map(row).collect();
        match answer_of_positions(&sought, &stored, false) {
            Answer::Lost(partitions) => self.lose(&partitions, shared),
            Answer::Ahead(partition) => self.halt(partition, Why::Ahead, shared.out),
            _ => {}
        }
    }

    /// Obeys all orders that have arrived.
    pub(crate) fn obey(&mut self, out: &mut Outside) {
        while let Some(order) = self.orders.pop_front() {
            match order {
                Order::Own {
                    partition,
                    generation,
                    claim,
                    next_offset,
                } => {
                    let owned = Owned {
                        generation,
                        claim,
                        next_offset,
                    };
                    self.owned.insert(partition, owned);
                    let mark = (generation, next_offset);
                    self.progress.borrow_mut().insert(partition, mark);
                }
                Order::LetGo {
                    partition,
                    generation,
                } => self.let_go(partition, generation, out),
                Order::End => {
                    self.ending = true;
                    if matches!(self.phase, Phase::Idle | Phase::Waiting) {
                        self.appoint(out, 0, 1);
                    }
                }
            }
        }
    }

    pub(super) fn let_go(&mut self, partition: i32, generation: u32, out: &mut Outside) {
        if self
            .owned
            .get(&partition)
            .is_some_and(|it| it.generation == generation)
        {
            self.owned.remove(&partition);
        }
        if matches!(self.phase, Phase::Applying(_)) && self.in_flight.contains_key(&partition) {
            out.note(Sight::RevokedInFlight);
        }
        for effect in self.machine.step(machine::Event::Revoked(vec![partition])) {
            match effect {
                Effect::LetGo(partitions) => self.has_let_go(&partitions, out),
                other => unreachable!("a revocation only lets go: {other:?}"),
            }
        }
    }

    pub(super) fn has_let_go(&self, partitions: &[i32], out: &mut Outside) {
        for &partition in partitions {
            out.later(
                TOLD_MS,
                TOLD_MS,
                Event::Heard(self.who, Heard::LetGo { partition }),
            );
        }
    }

    /// Gives up partitions that the database says are not ours.
    pub(super) fn lose(&mut self, partitions: &[i32], shared: &mut Shared<'_>) {
        for &partition in partitions {
            if let Some(Owned { generation, .. }) = self.leave(partition) {
                let heard = Heard::Lost {
                    partition,
                    generation,
                };
                shared
                    .out
                    .later(TOLD_MS, TOLD_MS, Event::Heard(self.who, heard));
            }
        }
        shared.store.start_epoch();
    }

    /// What an answer is about is not owned any more. An assignment that began meanwhile stays.
    fn leave(&mut self, partition: i32) -> Option<Owned> {
        let left = *self.still(partition)?;
        self.owned.remove(&partition);
        self.ends(partition, left.generation);
        Some(left)
    }

    /// It is somebody else's, or halted.
    fn ends(&self, partition: i32, generation: u32) {
        let mut progress = self.progress.borrow_mut();
        if progress
            .get(&partition)
            .is_some_and(|it| it.0 == generation)
        {
            progress.remove(&partition);
        }
    }

    pub(super) fn halt(&mut self, partition: i32, why: Why, out: &mut Outside) {
        if let Some(Owned {
            generation,
            claim,
            next_offset,
        }) = self.leave(partition)
        {
            let record = out.broker.log(partition).first_from(next_offset);
            let moved = out.db.tables.gaps.iter().any(|gap| gap.0 == partition);
            let guilty = match why {
                Why::Refused => record.is_some_and(|it| out.poison.contains(&(partition, it))),
                Why::Ahead => moved,
                Why::Malformed | Why::Retention | Why::Truncated | Why::Recreated => true,
            };
            out.must(guilty, "I16", || {
                format!("partition {partition} halts at {next_offset} for nothing: {why:?}")
            });
            let heard = Heard::Halt {
                partition,
                generation,
                claim,
                why,
            };
            out.later(TOLD_MS, TOLD_MS, Event::Heard(self.who, heard));
        }
    }
}
