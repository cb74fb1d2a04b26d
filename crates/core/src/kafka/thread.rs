//! The one thread that polls. It fetches what it is told to, hands records to the lanes,
//! reports what the group wants, and mirrors positions. It never waits for longer than a
//! deadline, and never decides which partitions are ours.

use std::ffi::CString;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};

use super::Context;
use super::assignment::{Assigned, Assignment};
use super::raw::{Delivered, Polled, Queue};
use crate::Watch;
use crate::batch::{Chunk, Record};
use crate::coordinator::{Coordinator, Heard};
use crate::inbox::Inbox;
use crate::progress::Progress;
use plimsoll_telemetry::Metrics;

mod mirror;

/// How long a poll waits for a record: also how late an order is obeyed at most.
const POLL_WAIT: Duration = Duration::from_millis(20);
/// Records handed over at a time under load.
const STAGED_RECORDS_MAX: usize = 512;
const STAGED_BYTES_MAX: usize = 1 << 20;
/// A revocation waits this long for lanes to finish. Past it the claim protects the data.
const LET_GO_LIMIT: Duration = Duration::from_secs(2);
/// A lane that stays full for this long has its partitions paused. Pausing throws away what
/// was fetched ahead, so it comes late.
const PAUSE_AFTER: Duration = Duration::from_secs(1);

/// What the polling thread is told.
#[derive(Debug)]
pub(crate) enum Told {
    /// Fetch these too.
    Assign(Vec<Assigned>),
    /// Fetch these no more.
    Unassign(Vec<i32>),
    /// Mirror a last time, leave the group, and end.
    Close,
}

/// The way to the polling thread.
pub(crate) struct Poller {
    pub(crate) told: Sender<Told>,
    pub(crate) thread: std::thread::JoinHandle<()>,
}

/// Everything that the thread works with.
pub(crate) struct Parts {
    pub(crate) consumer: Arc<BaseConsumer<Context>>,
    pub(crate) topic: String,
    pub(crate) inboxes: Vec<Arc<Inbox>>,
    pub(crate) coordinator: Coordinator,
    pub(crate) progress: Arc<Progress>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) watch: Arc<Watch>,
}

impl Poller {
    /// Starts the thread.
    pub(crate) fn start(parts: Parts) -> std::io::Result<Poller> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a few messages a partition and rebalance"
        )]
        let (told, orders) = channel();
        let thread = std::thread::Builder::new()
            .name("kafka".to_owned())
            .spawn(move || {
                let consumer = Arc::clone(&parts.consumer);
                Thread::new(parts, orders, &consumer).run();
            })?;
        Ok(Poller { told, thread })
    }
}

struct Thread<'a> {
    parts: Parts,
    orders: Receiver<Told>,
    queue: Queue<'a>,
    topic: CString,
    assignment: Assignment,
    lanes: Vec<LaneFeed>,
    mirror: mirror::Mirror,
}

/// One lane as the thread sees it.
#[derive(Default)]
struct LaneFeed {
    staged: Chunk,
    full_since: Option<Instant>,
    paused: bool,
}

impl<'a> Thread<'a> {
    fn new(
        parts: Parts,
        orders: Receiver<Told>,
        consumer: &'a BaseConsumer<Context>,
    ) -> Thread<'a> {
        let lanes = parts.inboxes.iter().map(|_| LaneFeed::default()).collect();
        let topic = CString::new(parts.topic.clone()).expect("a topic's name has no NUL");
        Thread {
            queue: Queue::of(consumer),
            topic,
            assignment: Assignment::default(),
            lanes,
            mirror: mirror::Mirror::default(),
            parts,
            orders,
        }
    }

    fn run(mut self) {
        if let Err(err) = self.parts.consumer.subscribe(&[&self.parts.topic]) {
            self.parts.coordinator.hear(Heard::Failed(format!(
                "cannot subscribe to {}: {err}",
                self.parts.topic
            )));
        }
        while self.obey() {
            self.parts.watch.polled(Instant::now());
            self.mirror
                .pulse(&self.parts, &self.queue, &self.topic, &self.assignment);
            if self.make_space() {
                self.poll_all();
            }
        }
        self.close();
    }

    /// Obeys what it was told. Answers whether to go on.
    fn obey(&mut self) -> bool {
        loop {
            match self.orders.try_recv() {
                Ok(Told::Assign(partitions)) => self.assign(&partitions),
                Ok(Told::Unassign(partitions)) => self.unassign(&partitions),
                Ok(Told::Close) | Err(TryRecvError::Disconnected) => return false,
                Err(TryRecvError::Empty) => return true,
            }
        }
    }

    fn assign(&mut self, partitions: &[Assigned]) {
        // Pausing what was only just assigned would lose its offset, so the lane is paused anew,
        // later, if it is still full.
        for assigned in partitions {
            if self.lanes[assigned.lane].paused {
                self.resume(assigned.lane);
            }
        }
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for assigned in partitions {
            list.add_partition_offset(
                &self.parts.topic,
                assigned.partition,
                Offset::Offset(assigned.next_offset),
            )
            .expect("an offset of 0 or more can be listed");
        }
        match self.parts.consumer.incremental_assign(&list) {
            Ok(()) => {
                partitions
                    .iter()
                    .for_each(|&assigned| self.assignment.insert(assigned));
                self.mirror.again();
            }
            // Nobody would fetch them, and the group believes that we do.
            Err(err) => self.parts.coordinator.hear(Heard::Failed(format!(
                "partitions could not be assigned: {err}"
            ))),
        }
    }

    /// Of those that a revocation took meanwhile nothing is left to do.
    fn unassign(&mut self, partitions: &[i32]) {
        let removed = self.assignment.remove(partitions);
        if !removed.is_empty() {
            self.unassign_natively(&removed);
        }
    }

    fn unassign_natively(&self, partitions: &[Assigned]) {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for assigned in partitions {
            list.add_partition(&self.parts.topic, assigned.partition);
        }
        // A pause outlives the assignment: whoever gets the partition again would wait for ever.
        self.parts.consumer.resume(&list).ok();
        if let Err(err) = self.parts.consumer.incremental_unassign(&list) {
            tracing::warn!(%err, "partitions could not be unassigned");
        }
    }

    /// Polls until nothing more is there at once, or enough was staged.
    fn poll_all(&mut self) {
        // What is staged becomes one chunk, and a chunk one batch.
        let bounds = self.parts.inboxes.first().map(|inbox| inbox.bounds());
        let records_max = bounds.map_or(1, |it| it.records.clamp(1, STAGED_RECORDS_MAX));
        let bytes_max = bounds.map_or(0, |it| it.bytes.min(STAGED_BYTES_MAX));
        let mut wait = POLL_WAIT;
        for _ in 0..records_max {
            let is_enough = |lane: &LaneFeed| lane.staged.bytes.len() >= bytes_max;
            if matches!(self.poll(wait), Polled::Nothing) || self.lanes.iter().any(is_enough) {
                break;
            }
            wait = Duration::ZERO;
        }
        for (lane, inbox) in self.lanes.iter_mut().zip(&self.parts.inboxes) {
            if !lane.staged.records.is_empty() {
                inbox.push(std::mem::take(&mut lane.staged));
            }
        }
    }

    fn poll(&mut self, wait: Duration) -> Polled {
        let (assignment, lanes) = (&mut self.assignment, &mut self.lanes);
        let polled = self
            .queue
            .poll(wait, &mut |delivered| stage(assignment, lanes, delivered));
        match &polled {
            Polled::Record | Polled::Nothing | Polled::Other => {}
            Polled::End {
                partition,
                next_offset,
            } => self.end(*partition, *next_offset),
            Polled::Assigned(partitions) => {
                // Answered at once, empty, so that other partitions are not held up; claims
                // bring the partitions in one by one.
                self.assign(&[]);
                self.parts
                    .coordinator
                    .hear(Heard::Assigned(partitions.clone()));
            }
            Polled::Revoked(partitions) => self.revoke(partitions),
            Polled::OutOfRange(partition) => {
                self.parts.coordinator.hear(Heard::OutOfRange(*partition))
            }
            Polled::Fault { text, fatal: false } => tracing::warn!(text, "Kafka: {text}"),
            Polled::Fault { text, fatal: true } => {
                self.parts.coordinator.hear(Heard::Failed(text.clone()))
            }
        }
        polled
    }

    /// Stages the end of a partition behind its records, where it lies past the last of them.
    fn end(&mut self, partition: i32, next_offset: i64) {
        let Some(&Assigned {
            next_offset: expected,
            generation,
            lane,
            ..
        }) = self.assignment.get(partition)
        else {
            return;
        };
        if next_offset > expected {
            self.assignment.moved_on(partition, next_offset);
            let record = Record {
                partition,
                generation,
                offset: next_offset,
                timestamp_ms: 0,
                value: None,
                headers: None,
            };
            self.lanes[lane].staged.push(record, &[]);
        }
    }

    /// Waits a bounded time for lanes to let go, and unassigns in any case.
    fn revoke(&mut self, partitions: &[i32]) {
        let removed = self.assignment.remove(partitions);
        let (done, all_gone) = std::sync::mpsc::sync_channel(1);
        self.parts.coordinator.hear(Heard::Revoked {
            partitions: partitions.to_vec(),
            done,
        });
        if all_gone.recv_timeout(LET_GO_LIMIT).is_err() {
            tracing::warn!(
                ?partitions,
                "lanes are still busy with revoked partitions; their claims protect the data"
            );
        }
        self.mirror.now(&self.parts, &removed);
        self.unassign_natively(&removed);
    }

    /// Answers whether to poll. While a lane is full, first waits for it, then pauses it.
    fn make_space(&mut self) -> bool {
        let mut poll = true;
        for number in 0..self.lanes.len() {
            let inbox = Arc::clone(&self.parts.inboxes[number]);
            let lane = &mut self.lanes[number];
            if lane.paused {
                if inbox.is_low() {
                    self.resume(number);
                }
            } else if inbox.is_full() {
                let since = *lane.full_since.get_or_insert_with(Instant::now);
                inbox.wait_for_space(POLL_WAIT);
                if inbox.is_full() {
                    poll = false;
                    if since.elapsed() > PAUSE_AFTER {
                        self.pause(number);
                    }
                }
            } else {
                lane.full_since = None;
            }
        }
        poll
    }

    fn pause(&mut self, lane: usize) {
        self.lanes[lane].paused = self.parts.consumer.pause(&self.partitions_of(lane)).is_ok();
    }

    fn resume(&mut self, lane: usize) {
        self.lanes[lane].full_since = None;
        self.lanes[lane].paused = self
            .parts
            .consumer
            .resume(&self.partitions_of(lane))
            .is_err();
    }

    fn partitions_of(&self, lane: usize) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        for assigned in self
            .assignment
            .iter()
            .filter(|assigned| assigned.lane == lane)
        {
            list.add_partition(&self.parts.topic, assigned.partition);
        }
        list
    }

    /// Lanes have ended: mirrors a last time and leaves the group, or a successor would wait for the
    /// session timeout. Not by unsubscribing first: if the client is closed while partitions still
    /// stop after that, it says no word. Not by dropping it: a claim on its way holds it, too.
    fn close(mut self) {
        self.parts.watch.polls_no_more();
        let all: Vec<Assigned> = self.assignment.iter().copied().collect();
        self.mirror.now(&self.parts, &all);
        self.mirror.last(&self.parts);
        let consumer = &self.parts.consumer;
        if let Err(err) = consumer.close_queue() {
            tracing::warn!(%err, "the group could not be left");
            return;
        }
        while !consumer.closed() {
            drop(consumer.poll(POLL_WAIT));
        }
    }
}

/// Keeps a record that its partition waits for; others come from an assignment that ended.
fn stage(assignment: &mut Assignment, lanes: &mut [LaneFeed], delivered: Delivered<'_>) {
    let Delivered {
        partition,
        offset,
        timestamp_ms,
        payload,
        headers,
    } = delivered;
    if let Some((lane, generation)) = assignment.expects(partition, offset) {
        let record = Record {
            partition,
            generation,
            offset,
            timestamp_ms,
            value: Some(0..0),
            headers,
        };
        lanes[lane].staged.push(record, payload);
    }
}
