//! How Kafka is reached, and which of librdkafka's keys are ours: the guarantee rests on them.

use rdkafka::ClientConfig;
use rdkafka::consumer::BaseConsumer;
use rdkafka::error::KafkaError;

use super::Context;

/// How Kafka is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `host:port`, comma separated.
    pub brokers: String,
    /// The topic of inventory events.
    pub topic: String,
    /// The consumer group.
    pub group: String,
    /// Where a topic starts that was never seen.
    pub start: Start,
    /// The group protocol.
    pub protocol: Protocol,
    /// More of librdkafka's keys, none of them in `OWNED`.
    pub properties: Vec<(String, String)>,
}

/// Where a topic starts that was never seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At its oldest record.
    Beginning,
    /// At its next record; partitions added later start at their beginning.
    End,
}

/// The group protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Members agree among themselves, cooperatively.
    Classic,
    /// The broker assigns (KIP-848).
    Consumer,
}

/// Keys of librdkafka that Plimsoll sets itself, each with the reason.
pub const OWNED: &[(&str, &str)] = &[
    ("bootstrap.servers", "set kafka.brokers instead"),
    ("metadata.broker.list", "set kafka.brokers instead"),
    ("group.id", "set kafka.group instead"),
    ("group.protocol", "set kafka.protocol instead"),
    (
        "enable.auto.commit",
        "positions are committed with the stock, in PostgreSQL",
    ),
    (
        "enable.auto.offset.store",
        "positions are committed with the stock, in PostgreSQL",
    ),
    (
        "auto.offset.reset",
        "a position outside the log halts the partition; jumping would lose or repeat records",
    ),
    (
        "isolation.level",
        "aborted transactions must not change stock",
    ),
    (
        "enable.partition.eof",
        "the end of a partition moves its position over aborted records",
    ),
    (
        "partition.assignment.strategy",
        "partitions are handed over one by one (cooperative-sticky)",
    ),
    (
        "group.instance.id",
        "the database fences former owners; a static member would only delay its successor",
    ),
    ("check.crcs", "a damaged record must not become stock"),
];

/// Bytes that librdkafka fetches ahead, in KiB. All partitions share one queue, so this bounds
/// them together, give or take one answer for each.
const FETCH_AHEAD_KIB: &str = "4096";

/// How long librdkafka waits, once enough was fetched ahead, before it looks again. Left at its
/// second, a fast consumer uses all of it up and then stands still; shorter only costs wake-ups.
const FETCH_PAUSE_MS: &str = "10";

/// A consumer that reads exactly what it is assigned.
pub(crate) fn consumer(settings: &Settings) -> Result<BaseConsumer<Context>, KafkaError> {
    let mut config = ClientConfig::new();
    config
        .set("queued.max.messages.kbytes", FETCH_AHEAD_KIB)
        .set("fetch.message.max.bytes", "1048576")
        .set("fetch.queue.backoff.ms", FETCH_PAUSE_MS)
        .set("fetch.wait.max.ms", "100")
        .set("topic.metadata.refresh.interval.ms", "5000")
        .set("reconnect.backoff.max.ms", "2000")
        .set("fetch.error.backoff.ms", "200");
    for (key, value) in &settings.properties {
        config.set(key, value);
    }
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("group.id", &settings.group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("check.crcs", "true");
    match settings.protocol {
        Protocol::Classic => config.set("partition.assignment.strategy", "cooperative-sticky"),
        Protocol::Consumer => config.set("group.protocol", "consumer"),
    };
    config.create_with_context(Context)
}
