//! The Kafka side: one thread that polls, and what it is told and tells. Knows nothing of
//! stock or of the database; positions are numbers that it is given.

mod assignment;
mod raw;
mod settings;
mod thread;
mod watermarks;

pub(crate) use assignment::Assigned;
pub(crate) use settings::consumer;
pub use settings::{OWNED, Protocol, Settings, Start};
pub(crate) use thread::{Parts, Poller, Told};
pub(crate) use watermarks::{partitions_at_first, partitions_of, topic_id, watermarks};

use rdkafka::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;

/// Rebalances are read as events from the queue: the callback is reached only while the client is
/// closed.
pub(crate) struct Context;

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::warn!(%error, reason, "Kafka");
    }
}

impl ConsumerContext for Context {}
