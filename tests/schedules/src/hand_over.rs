//! Scenarios of the way from the polling thread to a lane: records and orders, a partition that
//! leaves and comes back, the end. The poller and the lane do, step by step, what `make_space` in
//! `kafka/thread.rs` and `run`, `lock` and `moves` in `lane.rs` do; claims and positions are a model.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use shuttle::future::{JoinHandle, block_on, spawn};
use shuttle::thread;

use crate::Mutex;
use crate::copies::real;
use crate::locks::Sku;
use crate::sync::Notify;
use crate::tasks::{First, first};
use crate::variants::{Event, Queue, Table, Told};

/// A limit that never passes.
const FOR_EVER: Duration = Duration::MAX;
/// A limit that has passed.
const NO_TIME: Duration = Duration::ZERO;

/// What the database says of a partition, and what was applied.
#[derive(Default)]
struct Stored {
    claim: u32,
    next_offset: i64,
    applied: Vec<i64>,
}

/// One topic, of two partitions.
#[derive(Default)]
struct World {
    stored: [Mutex<Stored>; 2],
    applied: [Notify; 2],
}

impl World {
    fn partition(&self, partition: i32) -> &Mutex<Stored> {
        &self.stored[index(partition)]
    }

    /// A claim: its predecessor is fenced from now on.
    fn claim(&self, partition: i32, generation: u32) -> Told {
        let mut stored = self.partition(partition).lock();
        stored.claim = generation;
        Told::Own {
            partition,
            generation,
            next_offset: stored.next_offset,
        }
    }

    /// Waits until so many of a partition are applied.
    async fn wait_for(&self, partition: i32, records: i64) {
        while self.partition(partition).lock().next_offset < records {
            self.applied[index(partition)].notified().await;
        }
    }

    fn assert_all_applied(&self, partition: i32, records: i64) {
        let applied = &self.partition(partition).lock().applied;
        assert!(
            applied.iter().copied().eq(0..records),
            "partition {partition} lost, doubled or reordered records: {applied:?}"
        );
    }
}

fn index(partition: i32) -> usize {
    usize::try_from(partition).expect("0 or 1")
}

#[derive(Clone, Copy)]
struct Owned {
    generation: u32,
    next_offset: i64,
}

/// What a lane works with.
struct Lane<Q> {
    inbox: Arc<Q>,
    locks: real::Locks,
    world: Arc<World>,
    owned: BTreeMap<i32, Owned>,
    ending: bool,
}

impl<Q: Queue> Lane<Q> {
    fn start(inbox: &Arc<Q>, locks: &real::Locks, world: &Arc<World>) -> JoinHandle<()> {
        let lane = Lane {
            inbox: Arc::clone(inbox),
            locks: locks.clone(),
            world: Arc::clone(world),
            owned: BTreeMap::new(),
            ending: false,
        };
        spawn(lane.run())
    }

    async fn run(mut self) {
        loop {
            self.obey();
            if self.ending {
                return;
            }
            if let Some(chunk) = self.inbox.take() {
                self.batch(chunk).await;
            } else {
                self.inbox.arrived().await;
            }
        }
    }

    fn obey(&mut self) {
        while let Some(told) = self.inbox.next_order() {
            match told {
                Told::Own {
                    partition,
                    generation,
                    next_offset,
                } => {
                    self.owned.insert(
                        partition,
                        Owned {
                            generation,
                            next_offset,
                        },
                    );
                }
                Told::LetGo {
                    partition,
                    generation,
                } => {
                    if self
                        .owned
                        .get(&partition)
                        .is_some_and(|it| it.generation == generation)
                    {
                        self.owned.remove(&partition);
                    }
                }
                Told::End => self.ending = true,
            }
        }
    }

    /// Decodes, takes the SKUs, applies partition by partition. Orders are obeyed while it waits.
    async fn batch(&mut self, chunk: Vec<Event>) {
        let is_current = |event: &Event| {
            self.owned.get(&event.partition).is_some_and(|owned| {
                owned.generation == event.generation && event.offset >= owned.next_offset
            })
        };
        let events: Vec<Event> = chunk.into_iter().filter(is_current).collect();
        let in_flight = self.owned.clone();
        let mut taking = Box::pin(self.locks.take(skus(&events)));
        let inbox = Arc::clone(&self.inbox);
        let held = loop {
            match first(&mut taking, inbox.arrived()).await {
                First::Left(held) => break held,
                First::Right(()) => self.obey(),
            }
        };
        for (&partition, taken) in &in_flight {
            let owned = self.owned.get(&partition).copied();
            if owned.is_some_and(|owned| owned.generation == taken.generation) {
                let share = events.iter().filter(|it| it.partition == partition);
                self.commit(partition, *taken, share.map(|it| it.offset).collect())
                    .await;
            }
        }
        drop(held);
    }

    /// Moves the position from where the lane left it, if the claim is still ours.
    async fn commit(&mut self, partition: i32, taken: Owned, offsets: Vec<i64>) {
        let Some(last) = offsets.last() else {
            return;
        };
        let mut stored = self.world.partition(partition).lock();
        if (stored.claim, stored.next_offset) != (taken.generation, taken.next_offset) {
            drop(stored);
            self.owned.remove(&partition);
            return;
        }
        stored.next_offset = last + 1;
        stored.applied.extend(&offsets);
        drop(stored);
        if let Some(owned) = self.owned.get_mut(&partition) {
            owned.next_offset = last + 1;
        }
        self.world.applied[index(partition)].notify_one();
    }
}

/// Of two products by turns, so that lanes meet.
fn skus(events: &[Event]) -> Arc<[Sku]> {
    let names = ["even", "odd"].into_iter().zip(0..);
    let met = names.filter(|(_, n)| events.iter().any(|it| it.offset % 2 == *n));
    met.map(|(name, _)| Sku::from(name)).collect()
}

/// Pushes fetches of a record each, when there is space.
fn poll<Q: Queue>(inbox: &Q, partition: i32, generation: u32, offsets: std::ops::Range<i64>) {
    for offset in offsets {
        while inbox.is_full() {
            inbox.wait_for_space(FOR_EVER);
        }
        inbox.push(&[Event {
            partition,
            generation,
            offset,
        }]);
    }
}

/// Whoever only takes gets every record in order; neither side sleeps while the other waits for it.
pub fn a_lane_that_only_takes<Q: Queue>() {
    const RECORDS: i64 = 4;
    let inbox = Arc::new(Q::new(1));
    let taker = {
        let inbox = Arc::clone(&inbox);
        spawn(async move {
            let mut expected = 0..RECORDS;
            while !expected.is_empty() {
                match inbox.take() {
                    Some(chunk) => chunk.iter().for_each(|event| {
                        assert_eq!(Some(event.offset), expected.next(), "lost or reordered");
                    }),
                    None => inbox.arrived().await,
                }
            }
        })
    };
    poll(&*inbox, 0, 1, 0..RECORDS);
    block_on(taker).expect("it ends");
}

/// Two lanes, a partition each, the same products: everything is applied, in order, and nobody
/// sleeps while there is work.
pub fn two_lanes<Q: Queue>() {
    const RECORDS: i64 = 3;
    let (locks, world) = (real::Locks::default(), Arc::new(World::default()));
    let started = [(0, 2), (1, 1)].map(|(partition, records_max)| {
        let inbox = Arc::new(Q::new(records_max));
        let lane = Lane::start(&inbox, &locks, &world);
        inbox.order(world.claim(partition, 1));
        let polled = Arc::clone(&inbox);
        let poller = thread::spawn(move || poll(&*polled, partition, 1, 0..RECORDS));
        (partition, inbox, lane, poller)
    });
    for (partition, inbox, lane, poller) in started {
        poller.join().expect("the poller ends");
        block_on(world.wait_for(partition, RECORDS));
        inbox.order(Told::End);
        block_on(lane).expect("the lane ends");
        world.assert_all_applied(partition, RECORDS);
    }
}

/// A partition leaves and comes back, twice: its records go on where the position is, and those
/// of an assignment are never met before the order that announces it.
pub fn a_partition_that_comes_back<Q: Queue>() {
    const RECORDS: i64 = 4;
    let (locks, world) = (real::Locks::default(), Arc::new(World::default()));
    let inbox = Arc::new(Q::new(4));
    let lane = Lane::start(&inbox, &locks, &world);
    for generation in 1..=3 {
        let own = world.claim(0, generation);
        let Told::Own { next_offset, .. } = own else {
            unreachable!("a claim gives a partition");
        };
        inbox.order(own);
        poll(&*inbox, 0, generation, next_offset..RECORDS);
        if generation < 3 {
            inbox.order(Told::LetGo {
                partition: 0,
                generation,
            });
        }
    }
    block_on(world.wait_for(0, RECORDS));
    inbox.order(Told::End);
    block_on(lane).expect("the lane ends");
    world.assert_all_applied(0, RECORDS);
}

/// The end comes at any moment: the lane goes once nothing is in flight, and what it has not
/// applied is still queued, in order.
pub fn an_end_at_any_moment<Q: Queue>() {
    const RECORDS: i64 = 4;
    let (locks, world) = (real::Locks::default(), Arc::new(World::default()));
    let inbox = Arc::new(Q::new(1));
    let lane = Lane::start(&inbox, &locks, &world);
    inbox.order(world.claim(0, 1));
    let pushed = {
        let inbox = Arc::clone(&inbox);
        thread::spawn(move || {
            (0..RECORDS).find(|&offset| {
                inbox.wait_for_space(NO_TIME);
                let is_full = inbox.is_full();
                if !is_full {
                    inbox.push(&[Event {
                        partition: 0,
                        generation: 1,
                        offset,
                    }]);
                }
                is_full
            })
        })
    };
    inbox.order(Told::End);
    block_on(lane).expect("the lane ends");
    let pushed = pushed.join().expect("the poller ends").unwrap_or(RECORDS);
    let mut offsets = world.partition(0).lock().applied.clone();
    while let Some(chunk) = inbox.take() {
        offsets.extend(chunk.iter().map(|it| it.offset));
    }
    assert!(
        offsets.iter().copied().eq(0..pushed),
        "lost or reordered: {offsets:?} of {pushed}"
    );
}
