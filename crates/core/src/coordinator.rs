//! Who owns which partition, and since when: the only mutator of the assignment. It reacts to
//! what it hears and tells the polling thread and the lanes. Every assignment of a partition
//! has a generation, and whatever comes back with an older one is dropped.

mod claiming;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::Duration;

use rdkafka::consumer::BaseConsumer;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

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
        reason: String,
    },
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

/// A partition that the group gave us.
#[derive(Debug)]
struct Place {
    generation: u32,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Claiming,
    Fetched { lane: usize, claim: u128 },
    Halted { reason: String },
}

/// A revocation that waits for lanes.
struct Leaving {
    partitions: BTreeSet<i32>,
    done: SyncSender<()>,
}

pub(crate) struct Task {
    desk: Arc<Desk>,
    places: BTreeMap<i32, Place>,
    leaving: Vec<Leaving>,
    generations: u32,
}

impl Task {
    pub(crate) fn new(desk: Desk) -> Task {
        Task {
            desk: Arc::new(desk),
            places: BTreeMap::new(),
            leaving: Vec::new(),
            generations: 0,
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
            Heard::Recreated => self
                .places
                .keys()
                .copied()
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|p| self.claim_again(p)),
            Heard::LetGo { partition } => self.has_let_go(partition),
            Heard::Lost {
                partition,
                generation,
            } if self.is_current(partition, generation) => {
                self.tell(Told::Unassign(vec![partition]));
                self.claim(&[partition], true);
            }
            Heard::Halt {
                partition,
                generation,
                claim,
                reason,
            } if self.is_current(partition, generation) => {
                self.tell(Told::Unassign(vec![partition]));
                self.halted(partition, reason.clone());
                claiming::write_halt(&self.desk, partition, claim, reason);
            }
            Heard::Claimed {
                generation,
                claimed,
            } if self.is_current(claimed.partition, generation) => {
                self.claimed(generation, claimed)
            }
            Heard::Resumed(partition) if self.halted_partitions().contains(&partition) => {
                self.claim(&[partition], false)
            }
            Heard::Lost { .. } | Heard::Halt { .. } | Heard::Claimed { .. } | Heard::Resumed(_) => {
                tracing::debug!(
                    ?heard,
                    "came too late: the partition has been assigned anew or taken since"
                );
            }
            Heard::Failed(_) => unreachable!("ends the loop before"),
        }
    }

    fn is_current(&self, partition: i32, generation: u32) -> bool {
        self.places
            .get(&partition)
            .is_some_and(|place| place.generation == generation)
    }

    /// Starts a claim under a new generation. `doubtful`: only if the group confirms us first.
    fn claim(&mut self, partitions: &[i32], doubtful: bool) {
        for &partition in partitions {
            self.generations += 1;
            self.places.insert(
                partition,
                Place {
                    generation: self.generations,
                    stage: Stage::Claiming,
                },
            );
            claiming::start(&self.desk, partition, self.generations, doubtful);
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
            return self.halted(partition, reason);
        }
        let lane = self.least_loaded();
        self.places.insert(
            partition,
            Place {
                generation,
                stage: Stage::Fetched { lane, claim },
            },
        );
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
            self.places
                .values()
                .filter(|p| matches!(p.stage, Stage::Fetched { lane: l, .. } if l == *lane))
                .count()
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
            }) = self.places.remove(&partition)
            {
                self.desk.inboxes[lane].order(Order::LetGo {
                    partition,
                    generation,
                });
                busy.insert(partition);
                claims.push((partition, claim));
            }
        }
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
        }) = self.places.get(&partition)
        {
            self.desk.inboxes[*lane].order(Order::LetGo {
                partition,
                generation: *generation,
            });
            self.tell(Told::Unassign(vec![partition]));
            self.claim(&[partition], false);
        }
    }

    fn halted(&mut self, partition: i32, reason: String) {
        if let Some(place) = self.places.get_mut(&partition) {
            place.stage = Stage::Halted { reason };
        }
    }

    fn halted_partitions(&self) -> Vec<i32> {
        let halted = self
            .places
            .iter()
            .filter(|(_, place)| matches!(place.stage, Stage::Halted { .. }));
        halted.map(|(&partition, _)| partition).collect()
    }

    fn look_around(&self) {
        let halted = self.halted_partitions();
        if halted.len() < self.places.len() {
            claiming::look_for_recreated(&self.desk);
        }
        if !halted.is_empty() {
            claiming::look_for_resumed(&self.desk, halted);
        }
    }

    /// Lets the polling thread know. After its end nobody fetches anything.
    fn tell(&self, told: Told) {
        self.desk.told.send(told).ok();
    }

    /// Shows the assignment to `/readyz` and the metrics.
    fn show(&self) {
        let mut assigned = Vec::new();
        let mut halted = Vec::new();
        for (&partition, place) in &self.places {
            match &place.stage {
                Stage::Claiming => {}
                Stage::Fetched { .. } => assigned.push(partition),
                Stage::Halted { reason } => halted.push((partition, reason.clone())),
            }
        }
        self.desk
            .store
            .metrics
            .partitions()
            .show(&assigned, &halted);
        self.desk.watch.assignment(assigned, halted);
    }

    /// The claims that are still ours, to be given back at the end.
    pub(crate) async fn give_back(&self) {
        let claims = self
            .places
            .iter()
            .filter_map(|(&partition, place)| match place.stage {
                Stage::Fetched { claim, .. } => Some((partition, claim)),
                Stage::Claiming | Stage::Halted { .. } => None,
            });
        claiming::give_back(&self.desk, claims.collect()).await;
    }
}
