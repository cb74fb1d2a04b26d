//! What the coordinator orders, obeyed at every wait of the lane.

use plimsoll_domain::lane::{Breaker, Effect, Event};

use super::{Lane, Owned};
use crate::coordinator::Heard;
use crate::inbox::Order;
use crate::progress::Mark;

impl Lane {
    /// Obeys all orders that have arrived.
    pub(super) fn obey(&mut self) {
        while let Some(order) = self.inbox.next_order() {
            match order {
                Order::Own {
                    partition,
                    generation,
                    claim,
                    next_offset,
                } => {
                    self.owned.insert(
                        partition,
                        Owned {
                            generation,
                            claim,
                            next_offset,
                            breaker: Breaker::default(),
                        },
                    );
                    self.shared.progress.begins(
                        partition,
                        Mark {
                            generation,
                            next_offset,
                            timestamp_ms: 0,
                        },
                    );
                }
                Order::LetGo {
                    partition,
                    generation,
                } => self.let_go(partition, generation),
                Order::End => self.ending = true,
            }
        }
    }

    fn let_go(&mut self, partition: i32, generation: u32) {
        if self
            .owned
            .get(&partition)
            .is_some_and(|owned| owned.generation == generation)
        {
            self.owned.remove(&partition);
        }
        for effect in self.machine.step(Event::Revoked(vec![partition])) {
            match effect {
                Effect::LetGo(partitions) => self.has_let_go(&partitions),
                other => unreachable!("a revocation only lets go: {other:?}"),
            }
        }
    }

    /// Tells the coordinator that nothing of these is in flight any more.
    pub(super) fn has_let_go(&self, partitions: &[i32]) {
        for &partition in partitions {
            self.tell(Heard::LetGo { partition });
        }
    }

    /// Gives up partitions of the batch in flight that the database says are not ours.
    pub(super) fn lose(&mut self, partitions: &[i32]) {
        self.shared.store.metrics.fenced(partitions.len() as u64);
        for &partition in partitions {
            if let Some(owned) = self.leave(partition) {
                tracing::warn!(
                    partition,
                    next_offset = owned.next_offset,
                    "partition {partition} has another owner, or its position went back"
                );
                self.tell(Heard::Lost {
                    partition,
                    generation: owned.generation,
                });
            }
        }
        self.shared.store.knowledge.start_epoch();
    }

    /// Stops a partition of the batch in flight until an operator resumes it.
    pub(super) fn halt(&mut self, partition: i32, reason: &str) {
        if let Some(owned) = self.leave(partition) {
            tracing::error!(
                partition,
                next_offset = owned.next_offset,
                reason,
                "partition {partition} is halted: {reason}"
            );
            self.tell(Heard::Halt {
                partition,
                generation: owned.generation,
                claim: owned.claim,
                next_offset: owned.next_offset,
                reason: reason.to_owned(),
            });
        }
    }

    /// What an answer is about is not owned any more. An assignment that began meanwhile stays.
    fn leave(&mut self, partition: i32) -> Option<Owned> {
        let left = *self.still(partition)?;
        self.owned.remove(&partition);
        self.shared.progress.ends(partition, left.generation);
        Some(left)
    }
}
