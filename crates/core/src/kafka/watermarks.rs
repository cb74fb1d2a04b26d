//! What the broker says of a topic: how many partitions it has, where each begins and ends.
//! Blocking calls, run where blocking is allowed.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;

use super::{Context, raw};

/// A broker that does not answer within this time is asked again later.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);

/// For the client to say why there is no answer.
const WORDS_WAIT: Duration = Duration::from_millis(100);

/// Lowest and next offset of a partition.
pub(crate) async fn watermarks(
    consumer: &Arc<BaseConsumer<Context>>,
    topic: &str,
    partition: i32,
) -> Result<(i64, i64), KafkaError> {
    let topic = topic.to_owned();
    blocking(consumer, move |consumer| {
        consumer.fetch_watermarks(&topic, partition, ANSWER_LIMIT)
    })
    .await
}

/// As [`partitions_of`]; on failure the client's own words about it (a certificate, a password) are
/// logged. Only while nothing else polls.
pub(crate) async fn partitions_at_first(
    consumer: &Arc<BaseConsumer<Context>>,
    topic: &str,
) -> Result<i32, KafkaError> {
    let counted = partitions_of(consumer, topic).await;
    if counted.is_err() {
        let words = |consumer: &BaseConsumer<Context>| Ok(consumer.poll(WORDS_WAIT).is_some());
        blocking(consumer, words).await?;
    }
    counted
}

/// How many partitions the topic has; 0 if there is no such topic.
pub(crate) async fn partitions_of(
    consumer: &Arc<BaseConsumer<Context>>,
    topic: &str,
) -> Result<i32, KafkaError> {
    let topic = topic.to_owned();
    blocking(consumer, move |consumer| {
        let metadata = consumer.fetch_metadata(Some(&topic), ANSWER_LIMIT)?;
        let count = metadata
            .topics()
            .first()
            .map_or(0, |topic| topic.partitions().len());
        Ok(i32::try_from(count).expect("Kafka counts partitions in 32 bits"))
    })
    .await
}

/// Kafka's own id of the topic, where the broker gives one.
pub(crate) async fn topic_id(
    consumer: &Arc<BaseConsumer<Context>>,
    topic: &str,
) -> Result<Option<String>, KafkaError> {
    let topic = topic.to_owned();
    blocking(consumer, move |consumer| {
        let metadata = consumer.fetch_metadata(Some(&topic), ANSWER_LIMIT)?;
        // The in-process broker names a controller that is not there; librdkafka would wait for
        // it. It gives no ids anyway.
        let controller = raw::controller_id(consumer);
        let is_there = metadata.brokers().iter().any(|it| it.id() == controller);
        Ok(is_there.then(|| raw::topic_id(consumer, &topic)).flatten())
    })
    .await
}

async fn blocking<T: Send + 'static>(
    consumer: &Arc<BaseConsumer<Context>>,
    ask: impl FnOnce(&BaseConsumer<Context>) -> Result<T, KafkaError> + Send + 'static,
) -> Result<T, KafkaError> {
    let consumer = Arc::clone(consumer);
    tokio::task::spawn_blocking(move || ask(&consumer))
        .await
        .expect("a question to the broker does not panic")
}
