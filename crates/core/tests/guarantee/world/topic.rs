//! The topic as somebody else reads it, and the records that an aborted transaction leaves there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use plimsoll_core::kafka;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

const LIMIT: Duration = Duration::from_secs(30);

/// The position of a partition that the group knows.
pub(super) fn told(kafka: &kafka::Settings, partition: i32) -> Result<Offset> {
    let member: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &kafka.brokers)
        .set("group.id", &kafka.group)
        .create()?;
    let mut list = TopicPartitionList::new();
    list.add_partition(&kafka.topic, partition);
    let told = member.committed_offsets(list, LIMIT)?;
    Ok(told.elements()[0].offset())
}

/// Every record that a `read_committed` reader sees, by partition and offset.
pub(super) fn read_committed(
    kafka: &kafka::Settings,
    partitions: impl Iterator<Item = i32>,
) -> Result<BTreeMap<(i32, i64), Vec<u8>>> {
    let reader: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &kafka.brokers)
        .set("group.id", "reader")
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "10")
        .create()?;
    let mut list = TopicPartitionList::new();
    let mut unread = BTreeSet::new();
    for partition in partitions {
        list.add_partition_offset(&kafka.topic, partition, Offset::Beginning)?;
        unread.insert(partition);
    }
    reader.assign(&list)?;
    let (mut records, deadline) = (BTreeMap::new(), Instant::now() + LIMIT);
    while !unread.is_empty() {
        ensure!(Instant::now() < deadline, "{unread:?} cannot be read");
        match reader.poll(Duration::from_millis(100)) {
            Some(Ok(record)) => {
                let value = record.payload().unwrap_or_default().to_vec();
                records.insert((record.partition(), record.offset()), value);
            }
            Some(Err(KafkaError::PartitionEOF(partition))) => {
                unread.remove(&partition);
            }
            Some(Err(error)) => return Err(error.into()),
            None => {}
        }
    }
    Ok(records)
}

/// Leaves `values` in the log as records that never counted.
pub(crate) fn produce_and_abort(
    kafka: &kafka::Settings,
    partition: i32,
    values: impl IntoIterator<Item = impl Into<Vec<u8>>>,
) -> Result<()> {
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &kafka.brokers)
        .set("transactional.id", &kafka.topic)
        .create()?;
    producer.init_transactions(LIMIT)?;
    producer.begin_transaction()?;
    for value in values {
        let value = value.into();
        let record = BaseRecord::<(), _>::to(&kafka.topic)
            .partition(partition)
            .payload(&value);
        producer.send(record).map_err(|(error, _)| error)?;
    }
    // Without this an abort only empties the queue.
    producer.flush(LIMIT)?;
    Ok(producer.abort_transaction(LIMIT)?)
}
