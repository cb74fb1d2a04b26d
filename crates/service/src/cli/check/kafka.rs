//! Whether Kafka can be reached, has the topic, and lets us read it as our group.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use plimsoll_core::kafka::Settings;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, ClientContext, TopicPartitionList};

use super::Found;
use crate::config::Finding;

/// For each question.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// For what the client has to say about a failure.
const POLL_WAIT: Duration = Duration::from_millis(200);

pub(super) async fn check(settings: Settings) -> Found {
    let asked = tokio::task::spawn_blocking(move || ask(&settings));
    asked
        .await
        .expect("a panic stops the process")
        .map_err(|finding| vec![finding])
}

fn ask(settings: &Settings) -> Result<String, Finding> {
    let heard = Heard::default();
    let consumer = client(settings, heard.clone()).map_err(|error| {
        finding(
            "kafka.properties",
            error,
            "correct them after librdkafka's CONFIGURATION.md",
        )
    })?;
    let partitions = partitions(&consumer, settings, &heard)?;
    let place = format!("{} on {}", settings.topic, settings.brokers);
    let read = consumer.fetch_watermarks(&settings.topic, 0, ANSWER_LIMIT);
    read.map_err(|error| {
        finding(
            "kafka.topic",
            format!("{place} cannot be read: {error}"),
            "grant READ and DESCRIBE on the topic",
        )
    })?;
    let mut first = TopicPartitionList::new();
    first.add_partition(&settings.topic, 0);
    may_use_group(&consumer, &first).map_err(|error| {
        let fix = match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::GroupAuthorizationFailed) => {
                "grant READ on the group, or name another"
            }
            _ => "try again, or look why the group has no coordinator",
        };
        let reason = format!("the group {} cannot be used: {error}", settings.group);
        finding("kafka.group", reason, fix)
    })?;
    Ok(format!(
        "Kafka: {place} has {}.",
        crate::say::plural(partitions, "partition")
    ))
}

/// A broker makes the coordinators of groups when the first is asked for.
fn may_use_group(
    consumer: &BaseConsumer<Heard>,
    partitions: &TopicPartitionList,
) -> Result<(), KafkaError> {
    let asked = Instant::now();
    loop {
        match consumer.committed_offsets(partitions.clone(), ANSWER_LIMIT) {
            Err(error) if is_being_made(&error) && asked.elapsed() < ANSWER_LIMIT => {
                drop(consumer.poll(POLL_WAIT));
            }
            answer => return answer.map(drop),
        }
    }
}

fn is_being_made(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::NotCoordinator
                | RDKafkaErrorCode::CoordinatorLoadInProgress
                | RDKafkaErrorCode::CoordinatorNotAvailable
        )
    )
}

fn client(settings: &Settings, heard: Heard) -> Result<BaseConsumer<Heard>, KafkaError> {
    let mut config = ClientConfig::new();
    for (name, value) in &settings.properties {
        config.set(name, value);
    }
    config
        .set("bootstrap.servers", &settings.brokers)
        .set("group.id", &settings.group)
        .set("enable.auto.commit", "false");
    config.create_with_context(heard)
}

fn partitions(
    consumer: &BaseConsumer<Heard>,
    settings: &Settings,
    heard: &Heard,
) -> Result<i32, Finding> {
    let unreachable = |error: KafkaError| {
        // What the client has to say waits until somebody polls.
        drop(consumer.poll(POLL_WAIT));
        let reason = heard.last().unwrap_or_else(|| error.to_string());
        finding(
            "kafka.brokers",
            format!("{} cannot be reached: {reason}", settings.brokers),
            "start Kafka, or correct brokers, TLS and SASL",
        )
    };
    let metadata = consumer
        .fetch_metadata(Some(&settings.topic), ANSWER_LIMIT)
        .map_err(unreachable)?;
    let topic = metadata.topics().first();
    let missing = |why: String| {
        Err(finding(
            "kafka.topic",
            format!("{} cannot be used: {why}", settings.topic),
            "create the topic, or correct its name",
        ))
    };
    match topic.map(|topic| {
        (
            topic.error().map(RDKafkaErrorCode::from),
            topic.partitions().len(),
        )
    }) {
        Some((None, count)) if count > 0 => Ok(i32::try_from(count).unwrap_or(i32::MAX)),
        Some((Some(error), _)) => missing(error.to_string()),
        _ => missing("there is no such topic".to_owned()),
    }
}

fn finding(key: &str, reason: impl ToString, fix: &str) -> Finding {
    Finding::outside(key, reason.to_string(), fix)
}

/// The client's own words about what goes wrong, which say more than a timeout.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Option<String>>>);

impl Heard {
    fn last(&self) -> Option<String> {
        self.0
            .lock()
            .expect("nothing panics while it holds the lock")
            .take()
    }
}

impl ClientContext for Heard {
    fn error(&self, error: KafkaError, reason: &str) {
        let all_down = error.rdkafka_error_code() == Some(RDKafkaErrorCode::AllBrokersDown);
        if !all_down {
            *self
                .0
                .lock()
                .expect("nothing panics while it holds the lock") = Some(reason.to_owned());
        }
    }

    fn log(&self, _level: rdkafka::config::RDKafkaLogLevel, _facility: &str, _message: &str) {}
}

impl ConsumerContext for Heard {}
