//! Topics of a real broker: made, widened, cut, deleted. The in-process broker makes its own.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use rdkafka::admin::{
    AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication, TopicResult,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::metadata::MetadataPartition;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::wait;

/// For one request, and for all brokers to know what it changed.
const LIMIT: Duration = Duration::from_secs(30);

/// As many replicas as the brokers' own default says.
const REPLICAS: TopicReplication<'static> = TopicReplication::Fixed(-1);

/// Answers of the leader that was, and of the one that does not know yet where its log ends.
const SUCCESSION: [RDKafkaErrorCode; 3] = [
    RDKafkaErrorCode::NotLeaderForPartition,
    RDKafkaErrorCode::LeaderNotAvailable,
    RDKafkaErrorCode::OffsetNotAvailable,
];

type Admin = AdminClient<DefaultClientContext>;

/// Makes a topic of `partitions` partitions, and waits until each has a leader.
///
/// # Errors
/// The broker refuses (the topic exists) or cannot be reached.
pub async fn create(bootstrap: &str, topic: &str, partitions: i32) -> Result<()> {
    create_with(bootstrap, topic, partitions, &[]).await
}

/// The same with settings of the topic, such as `retention.ms`.
///
/// # Errors
/// As [`create`].
pub async fn create_with(
    bootstrap: &str,
    topic: &str,
    partitions: i32,
    settings: &[(&str, &str)],
) -> Result<()> {
    let admin = connect(bootstrap)?;
    let new = NewTopic::new(topic, partitions, REPLICAS);
    let new = settings
        .iter()
        .fold(new, |new, (name, value)| new.set(name, value));
    succeeded(admin.create_topics([&new], &options()).await?)?;
    until_partitions(admin, topic, partitions).await
}

/// Widens a topic to `partitions` partitions in all.
///
/// # Errors
/// It has as many already, or the broker cannot be reached.
pub async fn add_partitions(bootstrap: &str, topic: &str, partitions: i32) -> Result<()> {
    let admin = connect(bootstrap)?;
    let new = NewPartitions::new(topic, usize::try_from(partitions)?);
    succeeded(admin.create_partitions([&new], &options()).await?)?;
    until_partitions(admin, topic, partitions).await
}

/// Deletes a topic, and waits until the broker has forgotten it.
///
/// # Errors
/// There is none of that name, or the broker cannot be reached.
pub async fn delete(bootstrap: &str, topic: &str) -> Result<()> {
    let admin = connect(bootstrap)?;
    succeeded(admin.delete_topics(&[topic], &options()).await?)?;
    until_partitions(admin, topic, 0).await
}

/// Cuts the start of a partition's log, as retention does: `offset` is then the first that is left.
///
/// # Errors
/// The offset lies beyond the end, or the broker cannot be reached.
pub async fn delete_records_before(
    bootstrap: &str,
    topic: &str,
    partition: i32,
    offset: i64,
) -> Result<()> {
    let mut cut = TopicPartitionList::new();
    cut.add_partition_offset(topic, partition, Offset::Offset(offset))?;
    let outcome = connect(bootstrap)?.delete_records(&cut, &options()).await?;
    outcome
        .elements()
        .iter()
        .try_for_each(|element| element.error())
        .context("the log cannot be cut")
}

/// The next offset of each partition, in order.
///
/// # Errors
/// There is no such topic, or the broker cannot be reached.
pub async fn end_offsets(bootstrap: &str, topic: &str) -> Result<Vec<i64>> {
    Ok(offsets(bootstrap, topic)
        .await?
        .into_iter()
        .map(|offsets| offsets.end)
        .collect())
}

/// The first offset still there and the next one of each partition, in order.
///
/// # Errors
/// As [`end_offsets`].
pub async fn offsets(bootstrap: &str, topic: &str) -> Result<Vec<Range<i64>>> {
    let (admin, topic) = (connect(bootstrap)?, topic.to_owned());
    tokio::task::spawn_blocking(move || {
        let partitions = partitions(&admin, &topic, |_| true)?;
        ensure!(partitions > 0, "there is no topic {topic}");
        let answer = "an answer of the leader";
        (0..partitions)
            .map(|partition| wait::until(LIMIT, answer, || bounds(&admin, &topic, partition)))
            .collect()
    })
    .await?
}

/// `None` while another broker becomes the leader.
fn bounds(admin: &Admin, topic: &str, partition: i32) -> Result<Option<Range<i64>>> {
    match admin.inner().fetch_watermarks(topic, partition, LIMIT) {
        Ok((first, next)) => Ok(Some(first..next)),
        Err(error) => match error.rdkafka_error_code() {
            Some(code) if SUCCESSION.contains(&code) => Ok(None),
            _ => Err(error.into()),
        },
    }
}

fn connect(bootstrap: &str) -> Result<Arc<Admin>> {
    let admin: Admin = ClientConfig::new()
        .set("bootstrap.servers", bootstrap)
        .create()?;
    Ok(Arc::new(admin))
}

fn options() -> AdminOptions {
    AdminOptions::new()
        .request_timeout(Some(LIMIT))
        .operation_timeout(Some(LIMIT))
}

fn succeeded(outcome: Vec<TopicResult>) -> Result<()> {
    let refused = outcome.into_iter().find_map(Result::err);
    refused.map_or(Ok(()), |(topic, code)| {
        Err(anyhow!("topic {topic}: {code}"))
    })
}

/// The controller answers before the broker's own metadata has followed.
async fn until_partitions(admin: Arc<Admin>, topic: &str, wanted: i32) -> Result<()> {
    let topic = topic.to_owned();
    tokio::task::spawn_blocking(move || {
        wait::until(LIMIT, "the change of the topic", || {
            let led = partitions(&admin, &topic, |partition| partition.leader() >= 0)?;
            Ok((led == wanted).then_some(()))
        })
    })
    .await?
}

fn partitions(
    admin: &Admin,
    topic: &str,
    counts: impl Fn(&MetadataPartition) -> bool,
) -> Result<i32> {
    let metadata = admin.inner().fetch_metadata(Some(topic), LIMIT)?;
    let known = metadata
        .topics()
        .first()
        .context("metadata without the topic that was asked for")?;
    match known.error().map(RDKafkaErrorCode::from) {
        None
        | Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::LeaderNotAvailable) => {
        }
        Some(code) => return Err(anyhow!("topic {topic}: {code}")),
    }
    let partitions = known.partitions().iter();
    Ok(i32::try_from(
        partitions.filter(|partition| counts(partition)).count(),
    )?)
}
