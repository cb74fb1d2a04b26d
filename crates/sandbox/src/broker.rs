//! librdkafka's in-process broker: a Kafka good enough for the demo, with nothing to install.
//!
//! What it is not: it keeps 5 MiB a partition and drops the oldest batches beyond that, gives
//! topics no id, knows no transaction isolation, and remembers nothing. A group that changes waits
//! for the members' session timeout less one second.

use anyhow::{Context, Result};
use rdkafka::ClientConfig;
use rdkafka::bindings;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, DefaultProducerContext, Producer};

/// The first member of a group is let in after 3 s by default, in case others are about to follow.
const INITIAL_REBALANCE_DELAY_MS: i32 = 0;

/// A running in-process broker. Dropping it ends it, and everything in it is gone.
pub struct InProcess {
    /// The client that owns the broker; it is never used to produce.
    owner: BaseProducer,
    bootstrap: String,
}

impl InProcess {
    /// Starts it with these topics and their numbers of partitions.
    ///
    /// # Errors
    /// No socket can be opened on the loopback address.
    pub fn start(topics: &[(&str, i32)]) -> Result<InProcess> {
        let owner: BaseProducer = ClientConfig::new()
            .set("test.mock.num.brokers", "1")
            .create()?;
        let bootstrap = cluster(&owner)?.bootstrap_servers();
        let broker = InProcess { owner, bootstrap };
        admit_at_once(&broker.owner);
        for (topic, partitions) in topics {
            broker.create_topic(topic, *partitions)?;
        }
        Ok(broker)
    }

    /// Makes one more topic.
    ///
    /// # Errors
    /// It is there already.
    pub fn create_topic(&self, topic: &str, partitions: i32) -> Result<()> {
        let cluster = cluster(&self.owner)?;
        cluster
            .create_topic(topic, partitions, 1)
            .with_context(|| format!("cannot make topic {topic}"))
    }

    /// `bootstrap.servers` of clients.
    pub fn bootstrap(&self) -> String {
        self.bootstrap.clone()
    }

    /// The broker's own controls: injected errors, delays, connections cut.
    ///
    /// # Errors
    /// None as long as the broker lives, which it does.
    pub fn controls(&self) -> Result<MockCluster<'_, DefaultProducerContext>> {
        cluster(&self.owner)
    }
}

fn cluster(owner: &BaseProducer) -> Result<MockCluster<'_, DefaultProducerContext>> {
    owner
        .client()
        .mock_cluster()
        .context("librdkafka started no in-process broker")
}

/// The one control that the safe interface leaves out.
#[expect(
    unsafe_code,
    reason = "a plain setter of librdkafka that its Rust interface lacks"
)]
fn admit_at_once(owner: &BaseProducer) {
    // SAFETY: the client is alive for the whole call and owns the cluster the pointer names; the
    // setter takes the cluster's lock. A null pointer is ruled out by the caller, who has already
    // used the cluster.
    unsafe {
        let cluster = bindings::rd_kafka_handle_mock_cluster(owner.client().native_ptr());
        bindings::rd_kafka_mock_group_initial_rebalance_delay_ms(
            cluster,
            INITIAL_REBALANCE_DELAY_MS,
        );
    }
}
