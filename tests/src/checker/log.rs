//! The topic as an independent `read_committed` reader sees it: one partition, from its start to its end. It does
//! not know what the bytes mean.

use std::time::Duration;

use anyhow::Context;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

/// A reachable broker answers within milliseconds; beyond this the reader is stuck, which is an error of its own.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// What Kafka delivered at one offset.
#[derive(Clone, Debug)]
pub struct Record {
    /// Partition of the topic.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
    /// Milliseconds since 1970, 0 when the record has no timestamp.
    pub timestamp_ms: i64,
    /// Headers in order; a value may be null.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    /// The value; null for a tombstone.
    pub value: Option<Vec<u8>>,
}

/// A reader of one topic, partition after partition.
pub struct Topic {
    consumer: BaseConsumer,
    name: String,
}

impl Topic {
    /// Connects; the first question shows whether the broker can be reached.
    pub fn open(bootstrap: &str, name: &str) -> anyhow::Result<Self> {
        Ok(Self {
            consumer: consumer(bootstrap)?,
            name: name.to_owned(),
        })
    }

    /// How many partitions the topic has.
    pub fn partitions(&self) -> anyhow::Result<i32> {
        let metadata = self
            .consumer
            .fetch_metadata(Some(&self.name), SILENCE_MAX)?;
        let topic = metadata
            .topics()
            .first()
            .with_context(|| format!("no topic {}", self.name))?;
        Ok(i32::try_from(topic.partitions().len())?)
    }

    /// Starts to read one partition, and no longer the one before.
    pub fn log(&mut self, partition: i32) -> anyhow::Result<Log<'_>> {
        let (first_offset, end_offset) =
            self.consumer
                .fetch_watermarks(&self.name, partition, SILENCE_MAX)?;
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(&self.name, partition, Offset::Offset(first_offset))?;
        self.consumer.assign(&assignment)?;
        Ok(Log {
            consumer: &self.consumer,
            partition,
            first_offset,
            end_offset,
        })
    }
}

/// One partition's records, from its first to the last one committed when the reader gets there.
pub struct Log<'t> {
    consumer: &'t BaseConsumer,
    /// Which one it is.
    pub partition: i32,
    /// Where the log starts: what was before it is gone and cannot be judged.
    pub first_offset: i64,
    /// Where the log ended when it was opened.
    pub end_offset: i64,
}

impl Iterator for Log<'_> {
    type Item = anyhow::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.consumer.poll(SILENCE_MAX) {
                None => {
                    return Some(Err(anyhow::anyhow!(
                        "neither a record nor the end within {SILENCE_MAX:?}"
                    )));
                }
                Some(Err(KafkaError::PartitionEOF(partition))) if partition == self.partition => {
                    return None;
                }
                Some(Err(KafkaError::PartitionEOF(_))) => {}
                Some(Err(error)) => return Some(Err(error.into())),
                Some(Ok(message)) if message.partition() == self.partition => {
                    return Some(Ok(record(&message)));
                }
                // Left over from the partition before, whose producer went on.
                Some(Ok(_)) => {}
            }
        }
    }
}

fn consumer(bootstrap: &str) -> anyhow::Result<BaseConsumer> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        // librdkafka reads partitions only for a member of a group; this one never joins and never commits.
        .set("group.id", "plimsoll-checker")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .set("auto.offset.reset", "error")
        // The end is told in the answer to a fetch, and one that finds nothing waits this long.
        .set("fetch.wait.max.ms", "10")
        .set("queued.max.messages.kbytes", "16384")
        .create()?)
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers().into_iter().flat_map(Headers::iter);
    Record {
        partition: message.partition(),
        offset: message.offset(),
        timestamp_ms: message.timestamp().to_millis().unwrap_or(0),
        headers: headers
            .map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec)))
            .collect(),
        value: message.payload().map(<[u8]>::to_vec),
    }
}
