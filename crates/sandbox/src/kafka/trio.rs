//! Three brokers that keep three replicas of everything, two of which must have a record before it
//! is acknowledged. Each of them is also a controller: with two gone, nobody is left to decide.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::metadata::Metadata;

use super::{Broker, random_cluster_id};
use crate::{ports, wait};

/// For a leader to be found, and for a broker that was away to have all it missed.
const LIMIT: Duration = Duration::from_secs(60);

/// For one answer about the cluster.
const METADATA_LIMIT: Duration = Duration::from_secs(5);

/// Where a group's coordinator keeps what it knows.
const GROUPS: &str = "__consumer_offsets";

/// What three brokers need beside the settings of one. A dead one is noticed after three seconds.
const SETTINGS: [(&str, &str); 10] = [
    ("default.replication.factor", "3"),
    ("min.insync.replicas", "2"),
    ("offsets.topic.replication.factor", "3"),
    ("transaction.state.log.replication.factor", "3"),
    ("transaction.state.log.min.isr", "2"),
    ("broker.session.timeout.ms", "3000"),
    ("broker.heartbeat.interval.ms", "500"),
    ("controller.quorum.fetch.timeout.ms", "1000"),
    ("controller.quorum.election.timeout.ms", "500"),
    ("replica.lag.time.max.ms", "3000"),
];

/// Three brokers, by their index. Dropping it ends them and removes their data.
pub struct Trio {
    brokers: Vec<Broker>,
}

impl Trio {
    /// Starts all three: a quarter of a minute, 1.1 GB.
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub fn start() -> Result<Trio> {
        let controllers = [ports::free()?, ports::free()?, ports::free()?];
        let cluster_id = random_cluster_id();
        let brokers = (0..controllers.len()).map(|index| made(index, &controllers, &cluster_id));
        let mut trio = Trio {
            brokers: brokers.collect::<Result<_>>()?,
        };
        trio.start_again(&[0, 1, 2])?;
        Ok(trio)
    }

    /// `bootstrap.servers` of clients: all three.
    pub fn bootstrap(&self) -> String {
        let each: Vec<String> = self.brokers.iter().map(Broker::bootstrap).collect();
        each.join(",")
    }

    /// Kills these brokers, one right after the other.
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn kill9(&mut self, which: &[usize]) -> Result<()> {
        which
            .iter()
            .try_for_each(|&index| self.brokers[index].kill9())
    }

    /// Starts killed brokers again, and waits until they answer.
    ///
    /// # Errors
    /// One of them does not start (its log is quoted).
    pub fn start_again(&mut self, which: &[usize]) -> Result<()> {
        // None answers before two of the three run.
        for &index in which {
            self.brokers[index].launch()?;
        }
        which
            .iter()
            .try_for_each(|&index| self.brokers[index].until_ready())
    }

    /// Which running broker leads a partition, as soon as one does.
    ///
    /// # Errors
    /// None does within a minute.
    pub fn leader(&self, topic: &str, partition: usize) -> Result<usize> {
        wait::until(LIMIT, "a leader", || {
            let known = self.metadata(topic)?;
            let partition = known.topics()[0].partitions().get(partition);
            let leader = partition.context("there is no such partition")?.leader();
            // An id is the index and one; -1 is nobody.
            let index = usize::try_from(leader - 1).ok();
            Ok(index.filter(|&index| self.brokers[index].house.pid().is_some()))
        })
    }

    /// Which broker coordinates a group.
    ///
    /// # Errors
    /// The group is not known, or a broker is away.
    pub fn coordinator(&self, group: &str) -> Result<usize> {
        let about = ["--describe", "--state", "--group", group];
        let said = self.brokers[0].tool("consumer.group.ConsumerGroupCommand", &about)?;
        let coordinates = |broker: &Broker| said.contains(&broker.bootstrap());
        let index = self.brokers.iter().position(coordinates);
        index.with_context(|| format!("no coordinator in:\n{said}"))
    }

    /// Waits until each broker has everything of the topic, and of what groups keep.
    ///
    /// # Errors
    /// That takes more than a minute.
    pub fn until_in_sync(&self, topic: &str) -> Result<()> {
        wait::until(LIMIT, "three replicas in sync", || {
            let in_sync = self.is_in_sync(topic)? && self.is_in_sync(GROUPS)?;
            Ok(in_sync.then_some(()))
        })
    }

    fn is_in_sync(&self, topic: &str) -> Result<bool> {
        let known = self.metadata(topic)?;
        let mut partitions = known.topics()[0].partitions().iter();
        Ok(partitions.all(|partition| partition.isr().len() == self.brokers.len()))
    }

    fn metadata(&self, topic: &str) -> Result<Metadata> {
        let client: BaseConsumer = ClientConfig::new()
            .set("bootstrap.servers", self.bootstrap())
            .create()?;
        let known = client.fetch_metadata(Some(topic), METADATA_LIMIT)?;
        ensure!(!known.topics().is_empty(), "metadata without {topic}");
        Ok(known)
    }
}

fn made(index: usize, controllers: &[u16], cluster_id: &str) -> Result<Broker> {
    let (port, id) = (ports::free()?, index + 1);
    let voters: Vec<String> = (1..)
        .zip(controllers)
        .map(|(id, port)| format!("{id}@127.0.0.1:{port}"))
        .collect();
    let (id, voters) = (id.to_string(), voters.join(","));
    let listeners = format!(
        "PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{}",
        controllers[index]
    );
    let own = [
        ("node.id", id.as_str()),
        ("controller.quorum.voters", &voters),
        ("listeners", &listeners),
    ];
    Broker::make(port, cluster_id.to_owned(), &[&own[..], &SETTINGS].concat())
}
