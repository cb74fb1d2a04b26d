//! Sends records in large batches, and knows where each of them went.

use std::collections::BTreeMap;
use std::mem;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, NoCustomPartitioner, Producer, ProducerContext};
use rdkafka::{ClientConfig, ClientContext};

use super::event::{Event, Produced};
use super::log::Log;

/// How long a record may wait to be sent with others where throughput is all that counts.
const BULK_LINGER: Duration = Duration::from_millis(10);

/// How long a record may take to be acknowledged; a broker may be restarted meanwhile.
const DELIVERY_LIMIT: Duration = Duration::from_secs(60);

/// Answers are fetched this often, in records, so that they do not pile up.
const POLL_EVERY: u64 = 1_000;

/// How long to wait for room in the queue, or for answers, before looking again.
const POLL_WAIT: Duration = Duration::from_millis(1);

type Record<'a> = BaseRecord<'a, [u8], [u8], Box<Event>>;

/// What arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Number of records.
    pub records: u64,
    /// First and next offset of them, per partition.
    pub offsets: BTreeMap<i32, Range<i64>>,
}

/// Sends all records to a topic and waits until each of them is acknowledged by the broker.
/// The order within a partition is kept.
///
/// # Errors
/// The broker cannot be reached, or refused a record, or did not acknowledge it within a minute.
pub fn produce(
    bootstrap: &str,
    topic: &str,
    records: impl IntoIterator<Item = Produced>,
) -> Result<Delivered> {
    Sender::connect(bootstrap, topic, BULK_LINGER, Log::new(0))?.send(records)
}

/// A connection to one topic that keeps a log of what it delivered.
pub struct Sender {
    topic: String,
    producer: BaseProducer<Answers>,
    offered: u64,
}

impl Sender {
    /// `linger` is how long a record waits for company: 5 to 20 ms for throughput, less where its
    /// latency is measured.
    ///
    /// # Errors
    /// The client cannot be made. Whether the broker can be reached only shows when sending.
    pub fn connect(bootstrap: &str, topic: &str, linger: Duration, log: Log) -> Result<Sender> {
        let answers = Answers(Mutex::new(State {
            log,
            ..State::default()
        }));
        let producer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", linger.as_millis().to_string())
            .set("batch.num.messages", "10000")
            .set("message.max.bytes", "4194304")
            .set("message.timeout.ms", DELIVERY_LIMIT.as_millis().to_string())
            .set("queue.buffering.max.messages", "200000")
            .set("queue.buffering.max.kbytes", "131072")
            .create_with_context(answers)
            .context("cannot make a producer")?;
        Ok(Sender {
            topic: topic.to_owned(),
            producer,
            offered: 0,
        })
    }

    /// Sends these records and waits until each is acknowledged. A closed loop calls it with one
    /// portion after the other, as its consumer catches up.
    ///
    /// # Errors
    /// As [`produce`].
    pub fn send(&mut self, records: impl IntoIterator<Item = Produced>) -> Result<Delivered> {
        for record in records {
            self.offer(&record)?;
        }
        self.settle()
    }

    /// Hands one record over without waiting for its acknowledgement, unless the queue (200,000
    /// records or 128 MiB) is full.
    ///
    /// # Errors
    /// The record can never be sent, or an earlier one was refused.
    pub fn offer(&mut self, record: &Produced) -> Result<()> {
        let mut next = self.record(record);
        while let Err((error, refused)) = self.producer.send(next) {
            ensure!(
                error.rdkafka_error_code() == Some(RDKafkaErrorCode::QueueFull),
                "cannot send: {error}"
            );
            next = refused;
            self.producer.poll(POLL_WAIT);
        }
        self.offered += 1;
        if self.offered.is_multiple_of(POLL_EVERY) {
            self.producer.poll(Duration::ZERO);
        }
        Ok(())
    }

    /// Waits until all that was offered is acknowledged; returns what arrived since the last call.
    ///
    /// # Errors
    /// As [`produce`].
    pub fn settle(&mut self) -> Result<Delivered> {
        let deadline = Instant::now() + DELIVERY_LIMIT + Duration::from_secs(5);
        // The client's own flush looks at the outcome only every 100 ms: too slow for a closed loop.
        while self.producer.in_flight_count() > 0 {
            ensure!(
                Instant::now() < deadline,
                "records are still not acknowledged"
            );
            self.producer.poll(POLL_WAIT);
        }
        let mut state = self.state();
        let delivered = mem::take(&mut state.delivered);
        match state.refused.take() {
            Some(error) => Err(error),
            None => Ok(delivered),
        }
    }

    /// Looks at the log of what was delivered so far.
    pub fn with_log<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        look(&self.state().log)
    }

    /// The log, at the end.
    pub fn into_log(self) -> Log {
        mem::take(&mut self.state().log)
    }

    fn record<'a>(&'a self, record: &'a Produced) -> Record<'a> {
        let mut next = BaseRecord::with_opaque_to(&self.topic, Box::new(record.event));
        next.partition = record.partition;
        next.key = record.key.as_deref();
        next.payload = record.payload.as_deref();
        next.timestamp = record.timestamp_ms;
        next.headers = (!record.headers.is_empty()).then(|| headers(&record.headers));
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.producer.context().state()
    }
}

fn headers(pairs: &[(String, Vec<u8>)]) -> OwnedHeaders {
    let start = OwnedHeaders::new_with_capacity(pairs.len());
    pairs.iter().fold(start, |headers, (key, value)| {
        headers.insert(Header {
            key,
            value: Some(value),
        })
    })
}

/// Takes the broker's answers, which come on the thread that polls: ours.
struct Answers(Mutex<State>);

#[derive(Default)]
struct State {
    log: Log,
    delivered: Delivered,
    refused: Option<anyhow::Error>,
}

impl Answers {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .expect("nothing panics while it holds the lock")
    }
}

impl ClientContext for Answers {}

impl ProducerContext<NoCustomPartitioner> for Answers {
    type DeliveryOpaque = Box<Event>;

    fn delivery(&self, result: &DeliveryResult<'_>, event: Box<Event>) {
        let mut state = self.state();
        match result {
            Ok(message) => state.arrived(message.partition(), message.offset(), *event),
            Err((error, message)) => state.refuse(error, message.partition()),
        }
    }
}

impl State {
    fn arrived(&mut self, partition: i32, offset: i64, event: Event) {
        self.delivered.records += 1;
        let offsets = self
            .delivered
            .offsets
            .entry(partition)
            .or_insert(offset..offset);
        offsets.end = offset + 1;
        self.log.note(partition, offset, event);
    }

    /// The first refusal says most; the others follow from it.
    fn refuse(&mut self, error: &KafkaError, partition: i32) {
        self.refused.get_or_insert_with(|| {
            anyhow!("a record for partition {partition} did not arrive: {error}")
        });
    }
}
