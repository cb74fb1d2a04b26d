//! Who owns which partition, and since when: the only mutator of the assignment. It reacts to
//! what it hears and tells the polling thread and the lanes. Every assignment of a partition
//! has a generation, and whatever comes back with an older one is dropped.

mod claiming;
mod log;
mod places;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use plimsoll_telemetry::Halted;
use rdkafka::consumer::BaseConsumer;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinHandle;

use places::{Halt, Place, Places, Stage};

use crate::Watch;
use crate::inbox::{Inbox, Order};
use crate::kafka::{self, Assigned, Told};
use crate::store::Store;

/// How often it is looked whether an operator resumed a partition, and whether the topic is
/// still the same one.
const TICK: Duration = Duration::from_secs(3);

/// Everything a coordinator can hear.
#[derive(Debug)]
pub(crate) enum Heard {
    /// The group gives these.
    Assigned(Vec<i32>),
    /// The group takes these; `done` is told when no lane has them in flight.
    Revoked {
        partitions: Vec<i32>,
        done: SyncSender<()>,
    },
    /// The position lies outside the log.
    OutOfRange(i32),
    /// The client gave up for good.
    Failed(String),
    /// A lane has nothing of it in flight any more.
    LetGo { partition: i32 },
    /// The database says that it is not ours, or it went back.
    Lost { partition: i32, generation: u32 },
    /// It must not go on.
    Halt {
        partition: i32,
        generation: u32,
        claim: u128,
        next_offset: i64,
        reason: String,
    },
    /// The database knows that it is halted.
    HaltWritten { partition: i32, generation: u32 },
    /// A claim was answered.
    Claimed {
        generation: u32,
        claimed: claiming::Outcome,
    },
    /// An operator resumed it.
    Resumed(i32),
    /// The topic is another one than the positions are about.
    Recreated,
}

/// The way to the coordinator, for everybody.
#[derive(Clone)]
pub(crate) struct Coordinator(pub(crate) UnboundedSender<Heard>);

impl Coordinator {
    /// Tells it. After its end nobody needs to know.
    pub(crate) fn hear(&self, heard: Heard) {
        self.0.send(heard).ok();
    }
}

/// What it works with.
pub(crate) struct Desk {
    pub(crate) store: Arc<Store>,
    pub(crate) kafka: kafka::Settings,
    pub(crate) partitions_at_first: i32,
    pub(crate) consumer: Arc<BaseConsumer<kafka::Context>>,
    pub(crate) told: std::sync::mpsc::Sender<Told>,
    pub(crate) inboxes: Vec<Arc<Inbox>>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) myself: Coordinator,
}

/// A revocation that waits for lanes.
struct Leaving {
    partitions: BTreeSet<i32>,
    done: SyncSender<()>,
}

pub(crate) struct Task {
    desk: Arc<Desk>,
    places: Places,
    leaving: Vec<Leaving>,
    generations: u32,
    measured: Option<Instant>,
    measuring: Option<JoinHandle<()>>,
}

impl Task {
    pub(crate) fn new(desk: Desk) -> Task {
        Task {
            desk: Arc::new(desk),
            places: Places::default(),
            leaving: Vec::new(),
            generations: 0,
            measured: None,
            measuring: None,
        }
    }

    /// Reacts until the sender side is gone, `stop` resolves, or the client gives up.
    pub(crate) async fn run(
        &mut self,
        heard: &mut UnboundedReceiver<Heard>,
        stop: impl Future<Output = ()>,
    ) -> Result<(), String> {
        let mut stop = std::pin::pin!(stop);
        let mut tick = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                () = &mut stop => return Ok(()),
                _ = tick.tick() => self.look_around(),
                heard = heard.recv() => match heard {
                    Some(Heard::Failed(why)) => return Err(why),
                    Some(heard) => self.react(heard),
                    None => return Ok(()),
                },
            }
            self.show();
        }
    }

    fn react(&mut self, heard: Heard) {
        match heard {
            Heard::Assigned(partitions) if partitions.is_empty() => {
                self.desk.watch.group_answered()
            }
            Heard::Assigned(partitions) => self.claim(&partitions, false),
            Heard::Revoked { partitions, done } => self.revoked(&partitions, done),
            Heard::OutOfRange(partition) => self.claim_again(partition),
            Heard::Recreated => self.claim_all_again(),
            Heard::LetGo { partition } => self.has_let_go(partition),
            Heard::Lost {
                partition,
                generation,
            } if self.places.is_current(partition, generation) => {
                self.tell(Told::Unassign(vec![partition]));
                self.claim(&[partition], true);
            }
            Heard::Halt {
                partition,
                generation,
                claim,
                next_offset,
                reason,
            } if self.places.is_current(partition, generation) => {
                self.tell(Told::Unassign(vec![partition]));
                let halt = Halt {
                    reason: reason.clone(),
                    next_offset,
                    is_written: false,
                };
                self.halted(partition, halt);
                claiming::write_halt(&self.desk, (partition, generation), claim, reason);
            }
            Heard::HaltWritten {
                partition,
                generation,
            } if self.places.is_current(partition, generation) => {
                self.places.halt_is_written(partition)
            }
            Heard::Claimed {
                generation,
                claimed,
            } if self.places.is_current(claimed.partition, generation) => {
                self.claimed(generation, claimed)
            }
            Heard::Resumed(partition) if self.places.known_halts().contains(&partition) => {
                self.claim(&[partition], false)
            }
            Heard::Lost { .. }
            | Heard::Halt { .. }
            | Heard::HaltWritten { .. }
            | Heard::Claimed { .. }
            | Heard::Resumed(_) => {
                tracing::debug!(
                    ?heard,
                    "came too late: the partition has been assigned anew or taken since"
                );
            }
            Heard::Failed(_) => unreachable!("ends the loop before"),
        }
    }

    /// Starts a claim under a new generation. `doubtful`: only if the group confirms us first.
    fn claim(&mut self, partitions: &[i32], doubtful: bool) {
        for &partition in partitions {
            self.generations += 1;
            let generation = self.generations;
            let claiming = claiming::start(&self.desk, partition, generation, doubtful);
            self.places
                .insert(partition, generation, Stage::Claiming(claiming));
        }
    }

    fn claimed(&mut self, generation: u32, claimed: claiming::Outcome) {
        let claiming::Outcome {
            partition,
            claim,
            next_offset,
            halted,
        } = claimed;
        if let Some(reason) = halted {
            let halt = Halt {
                reason,
                next_offset,
                is_written: true,
            };
            return self.halted(partition, halt);
        }
        let lane = self.least_loaded();
        self.places
            .insert(partition, generation, Stage::Fetched { lane, claim });
        tracing::info!(
            partition,
            next_offset,
            lane,
            "partition {partition} goes on at offset {next_offset}"
        );
        self.desk.inboxes[lane].order(Order::Own {
            partition,
            generation,
            claim,
            next_offset,
        });
        self.tell(Told::Assign(vec![Assigned {
            partition,
            generation,
            next_offset,
            lane,
        }]));
    }

    fn least_loaded(&self) -> usize {
        let load = |lane: &usize| {
            let fetched = self.places.fetched();
            fetched.filter(|(_, of, _)| of == lane).count()
        };
        (0..self.desk.inboxes.len())
            .min_by_key(load)
            .expect("there is a lane")
    }

    fn revoked(&mut self, partitions: &[i32], done: SyncSender<()>) {
        let mut busy = BTreeSet::new();
        let mut claims = Vec::new();
        for &partition in partitions {
            if let Some(Place {
                generation,
                stage: Stage::Fetched { lane, claim },
            }) = self.places.remove(partition)
            {
                self.desk.inboxes[lane].order(Order::LetGo {
                    partition,
                    generation,
                });
                busy.insert(partition);
                claims.push((partition, claim));
            }
        }
        // What the thread was told and has not done yet would outlive the revocation.
        self.tell(Told::Unassign(busy.iter().copied().collect()));
        tracing::info!(?partitions, "the group takes partitions");
        claiming::write_idle(&self.desk, claims);
        self.leaving.push(Leaving {
            partitions: busy,
            done,
        });
        self.answer_leaving();
    }

    fn has_let_go(&mut self, partition: i32) {
        for leaving in &mut self.leaving {
            leaving.partitions.remove(&partition);
        }
        self.answer_leaving();
    }

    fn answer_leaving(&mut self) {
        self.leaving.retain(|leaving| {
            let waits = !leaving.partitions.is_empty();
            if !waits {
                // The polling thread may have stopped waiting.
                leaving.done.try_send(()).ok();
            }
            waits
        });
    }

    /// Claims anew, which tells what is wrong with the position. The lane's own attempts are fenced.
    fn claim_again(&mut self, partition: i32) {
        if let Some(Place {
            generation,
            stage: Stage::Fetched { lane, .. },
        }) = self.places.get(partition)
        {
            self.desk.inboxes[*lane].order(Order::LetGo {
                partition,
                generation: *generation,
            });
            self.tell(Told::Unassign(vec![partition]));
            self.claim(&[partition], false);
        }
    }

    fn claim_all_again(&mut self) {
        for partition in self.places.all() {
            self.claim_again(partition);
        }
    }

    fn halted(&mut self, partition: i32, halt: Halt) {
        self.places.halt(partition, halt);
        // How much time there is to do something about it is to be known at once.
        self.measured = None;
    }

    fn look_around(&mut self) {
        if self.places.fetched().next().is_some() {
            claiming::look_for_recreated(&self.desk);
        }
        let halted = self.places.known_halts();
        if !halted.is_empty() {
            claiming::look_for_resumed(&self.desk, halted);
        }
        let measurable = self.places.measurable();
        let is_due = self
            .measured
            .is_none_or(|last| last.elapsed() >= log::EVERY);
        let is_free = self.measuring.as_ref().is_none_or(JoinHandle::is_finished);
        if is_due && is_free && !measurable.is_empty() {
            self.measured = Some(Instant::now());
            self.measuring = Some(log::measure(&self.desk, measurable));
        }
    }

    /// Lets the polling thread know. After its end nobody fetches anything.
    fn tell(&self, told: Told) {
        self.desk.told.send(told).ok();
    }

    /// Shows the assignment to `/readyz` and the metrics.
    fn show(&self) {
        let fetched = self.places.fetched();
        let assigned: Vec<i32> = fetched.map(|(partition, ..)| partition).collect();
        let halted = self.places.halts().map(|(partition, halt)| Halted {
            partition,
            reason: &halt.reason,
            next_offset: halt.next_offset,
        });
        let partitions = self.desk.store.metrics.partitions();
        partitions.show(&assigned, &halted.collect::<Vec<_>>());
        let halts = self.places.halts();
        let halted = halts.map(|(partition, halt)| (partition, halt.reason.clone()));
        self.desk.watch.assignment(assigned, halted.collect());
    }

    /// The claims that are still ours, to be given back at the end.
    pub(crate) async fn give_back(&self) {
        let fetched = self.places.fetched();
        let claims = fetched.map(|(partition, _, claim)| (partition, claim));
        claiming::give_back(&self.desk, claims.collect()).await;
    }
}

#[cfg(test)]
mod tests;
