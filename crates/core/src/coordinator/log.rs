//! The edges of the logs, asked for now and then: fetches tell them only while they go on, and
//! lag and headroom matter most when they do not. Telemetry: nothing is decided by it.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_telemetry::Edges;
use tokio::task::JoinHandle;

use super::Desk;
use crate::kafka::{partitions_of, watermarks};

/// Two requests for each partition.
pub(super) const EVERY: Duration = Duration::from_secs(15);

/// Asks about these partitions, one after the other, and how many the topic has.
pub(super) fn measure(desk: &Arc<Desk>, partitions: Vec<i32>) -> JoinHandle<()> {
    let desk = Arc::clone(desk);
    tokio::spawn(async move {
        let (consumer, topic) = (&desk.consumer, &desk.kafka.topic);
        let table = desk.store.metrics.partitions();
        match partitions_of(consumer, topic).await {
            Ok(count) => table.of_topic(u64::from(count.unsigned_abs())),
            Err(err) => tracing::debug!(%err, "Kafka does not tell the topic's partitions"),
        }
        for partition in partitions {
            let told = watermarks(consumer, topic, partition).await;
            if let Err(err) = &told {
                tracing::debug!(partition, %err, "Kafka does not tell the edges of a log");
            }
            let edges = told.ok().map(|(low, high)| Edges { low, high });
            table.told(partition, edges);
        }
    })
}
