//! Reads the topic for a consumer and hands its events to workers. It does not know what they do with them.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::report::{Latency, Report};
use super::{Job, process};
use crate::checker::Topic;

/// A broker that says nothing for so long has nothing more, and the job was promised more.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Records read ahead of the workers, per queue: enough to keep them busy, little to hold.
const QUEUE_RECORDS_MAX: usize = 5_000;

/// One event of so many is left out of the latency, the first ones: connections open, plans are made.
const WARM_UP_SHARE: usize = 3;

/// Who takes the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workers {
    /// One task for each partition: its events stay in order.
    PerPartition,
    /// So many tasks, each taking whatever comes next.
    Shared(usize),
}

/// One event and where it was read.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) event_id: Uuid,
    pub(super) product_id: String,
    pub(super) quantity_change: i64,
    timestamp_ms: i64,
}

impl Delivery {
    /// Milliseconds since its producer made it.
    #[expect(
        clippy::disallowed_methods,
        reason = "the age of a record is measured, not decided upon"
    )]
    pub(super) fn age_ms(&self) -> u64 {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("the clock is past 1970");
        u64::try_from(now.as_millis())
            .unwrap_or(0)
            .saturating_sub(self.timestamp_ms.unsigned_abs())
    }
}

/// A worker's end of a queue, which several may share.
#[derive(Clone)]
pub(super) struct Inlet(Arc<Mutex<mpsc::Receiver<Delivery>>>);

impl Inlet {
    /// The next event; none after the last.
    pub(super) async fn next(&self) -> Option<Delivery> {
        self.0.lock().await.recv().await
    }

    /// All that wait, at least one and at most `max`; none after the last.
    pub(super) async fn next_up_to(&self, max: usize) -> Vec<Delivery> {
        let mut batch = Vec::with_capacity(max);
        self.0.lock().await.recv_many(&mut batch, max).await;
        batch
    }
}

/// The reading side of a run.
pub(super) struct Feed {
    reader: JoinHandle<anyhow::Result<Instant>>,
    cpu_before: Duration,
    events: u64,
}

/// Starts to read, and returns an inlet for each worker.
pub(super) fn open(job: &Job, workers: Workers) -> anyhow::Result<(Feed, Vec<Inlet>)> {
    let partitions = Topic::open(&job.bootstrap, &job.topic)?.partitions()?;
    let queues = if workers == Workers::PerPartition {
        usize::try_from(partitions)?
    } else {
        1
    };
    let (outlets, mut inlets): (Vec<_>, Vec<_>) = (0..queues)
        .map(|_| mpsc::channel(QUEUE_RECORDS_MAX))
        .map(|(outlet, inlet)| (outlet, Inlet(Arc::new(Mutex::new(inlet)))))
        .unzip();
    if let Workers::Shared(count) = workers {
        inlets = vec![inlets[0].clone(); count];
    }
    let consumer = consumer(job, partitions)?;
    let cpu_before = process::cpu(std::process::id())?;
    let events = job.events;
    let reader = tokio::task::spawn_blocking(move || read(&consumer, events, &outlets));
    Ok((
        Feed {
            reader,
            cpu_before,
            events,
        },
        inlets,
    ))
}

impl Feed {
    /// Waits for the workers, each of which returns its events' ages in milliseconds.
    pub(super) async fn finish(
        self,
        workers: Vec<JoinHandle<anyhow::Result<Vec<u64>>>>,
    ) -> anyhow::Result<Report> {
        let mut ages = Vec::new();
        for worker in workers {
            let of_worker = worker.await??;
            ages.extend(of_worker.iter().skip(of_worker.len() / WARM_UP_SHARE));
        }
        let elapsed = self.reader.await??.elapsed();
        let cpu = process::cpu(std::process::id())?.saturating_sub(self.cpu_before);
        let peak_bytes = process::peak_bytes(std::process::id())?;
        Ok(Report {
            events: self.events,
            elapsed,
            cpu,
            latency: Latency::of(ages),
            peak_bytes,
        })
    }
}

/// From the beginning, and with the usual carelessness about when offsets are committed: nobody starts again here.
fn consumer(job: &Job, partitions: i32) -> anyhow::Result<BaseConsumer> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &job.bootstrap)
        .set("group.id", "before-plimsoll")
        .set("enable.auto.commit", "true")
        .set("auto.offset.reset", "earliest")
        .create()?;
    let mut assignment = TopicPartitionList::new();
    for partition in 0..partitions {
        assignment.add_partition_offset(&job.topic, partition, Offset::Beginning)?;
    }
    consumer.assign(&assignment)?;
    Ok(consumer)
}

/// Returns when the first record came.
fn read(
    consumer: &BaseConsumer,
    events: u64,
    outlets: &[mpsc::Sender<Delivery>],
) -> anyhow::Result<Instant> {
    let mut started = None;
    for count in 0..events {
        let record =
            next(consumer)?.with_context(|| format!("only {count} of {events} records came"))?;
        started.get_or_insert_with(Instant::now);
        let queue = usize::try_from(record.partition())? % outlets.len();
        outlets[queue]
            .blocking_send(delivery(&record)?)
            .context("the workers failed")?;
    }
    started.context("a job without events")
}

/// The client also comes back with nothing when it has committed offsets.
fn next(consumer: &BaseConsumer) -> anyhow::Result<Option<BorrowedMessage<'_>>> {
    let deadline = Instant::now() + SILENCE_MAX;
    while Instant::now() < deadline {
        if let Some(record) = consumer.poll(SILENCE_MAX) {
            return Ok(Some(record?));
        }
    }
    Ok(None)
}

fn delivery(record: &impl Message) -> anyhow::Result<Delivery> {
    let body: Value = serde_json::from_slice(record.payload().context("a value")?)?;
    Ok(Delivery {
        partition: record.partition(),
        offset: record.offset(),
        event_id: Uuid::parse_str(body["event_id"].as_str().context("event_id")?)?,
        product_id: body["product_id"]
            .as_str()
            .context("product_id")?
            .to_owned(),
        quantity_change: body["quantity_change"]
            .as_i64()
            .context("quantity_change")?,
        timestamp_ms: record.timestamp().to_millis().context("a timestamp")?,
    })
}
