//! One real Apache Kafka node (KRaft, no ZooKeeper) in a throw-away folder.

pub mod linked;
pub mod secured;
pub mod trio;

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rand::distr::{Alphanumeric, SampleString};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::account::Account;
use crate::house::House;
use crate::{ports, tools, wait};

/// A cluster id is 16 bytes in base64: 22 characters, of which the last holds only two bits.
const CLUSTER_ID_CHARACTERS: usize = 22;

/// A JVM on a busy machine, with a log to recover.
const READY_LIMIT: Duration = Duration::from_secs(120);

/// How long one metadata request may take while the broker starts.
const METADATA_LIMIT: Duration = Duration::from_secs(1);

/// Settings that all have; a caller's come later in the file and win. Internal topics are kept
/// small, groups start and notice the dead quickly, retention is looked at often, and records
/// larger than Plimsoll accepts can be sent.
const SETTINGS: &str = "\
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.check.interval.ms=5000
log.cleaner.dedupe.buffer.size=16777216
message.max.bytes=4194304
";

/// A running (or stopped) broker of our own. Dropping it ends it and removes its data.
pub struct Broker {
    house: House,
    java: PathBuf,
    libs: PathBuf,
    port: u16,
    cluster_id: String,
}

impl Broker {
    /// Makes a node on free ports and starts it: five seconds on an idle machine, 0.4 GB.
    /// Topics are not created by using them.
    ///
    /// # Errors
    /// Kafka or Java is missing (the message says what to do), or it does not start (its log is
    /// quoted).
    pub fn start() -> Result<Broker> {
        Broker::start_with(&[])
    }

    /// The same with lines of `server.properties` that win over ours.
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub fn start_with(settings: &[(&str, &str)]) -> Result<Broker> {
        ports::start_on(ports::free()?, |port| Broker::start_on(port, settings))
    }

    /// The same on a given port, with lines of `server.properties` that win over ours.
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub fn start_on(port: u16, settings: &[(&str, &str)]) -> Result<Broker> {
        let mut broker = Broker::make(port, random_cluster_id(), settings)?;
        broker.start_again()?;
        Ok(broker)
    }

    /// A node that has its folder and was never started.
    fn make(port: u16, cluster_id: String, settings: &[(&str, &str)]) -> Result<Broker> {
        let (java, libs) = (tools::java()?, tools::kafka_libs()?);
        let house = House::new("kafka", "KILL", Account::ours())?;
        let broker = Broker {
            house,
            java,
            libs,
            port,
            cluster_id,
        };
        fs::write(
            broker.properties(),
            server_properties(&broker, ports::free()?, settings)?,
        )?;
        broker.format()?;
        Ok(broker)
    }

    /// `bootstrap.servers` of clients.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The broker's process id.
    ///
    /// # Panics
    /// If it has been killed.
    pub fn pid(&self) -> u32 {
        self.house.pid().expect("a killed broker has no process")
    }

    /// Kills the broker.
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn kill9(&mut self) -> Result<()> {
        self.house.end("KILL")
    }

    /// Starts a killed broker again on the same port and data, and waits until it answers.
    ///
    /// # Errors
    /// It does not start (its log is quoted).
    pub fn start_again(&mut self) -> Result<()> {
        self.launch()?;
        self.until_ready()
    }

    fn launch(&mut self) -> Result<()> {
        let properties = self.properties();
        let mut arguments = self.jvm(&["-Xms256m", "-Xmx512m"]);
        arguments.extend(["kafka.Kafka".into(), properties.display().to_string()]);
        self.house.launch(&self.java, arguments)
    }

    fn until_ready(&mut self) -> Result<()> {
        let alive = wait::until(READY_LIMIT, "the start of Kafka", || {
            if self.house.ended()?.is_some() {
                return Ok(Some(false));
            }
            Ok(self.answers().then_some(true))
        })?;
        ensure!(alive, "Kafka did not start:\n{}", self.house.log_tail());
        Ok(())
    }

    /// Runs one of Kafka's command-line programs against this broker and returns what it printed:
    /// one to two seconds. `class` is a full name, or one inside `org.apache.kafka.tools`
    /// (`TopicCommand`, `consumer.group.ConsumerGroupCommand`).
    ///
    /// # Errors
    /// It fails; the message holds all it said.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> Result<String> {
        let class = match class.split_once('.') {
            Some(("org" | "kafka", _)) => class.to_owned(),
            _ => format!("org.apache.kafka.tools.{class}"),
        };
        let bootstrap = self.bootstrap();
        let arguments = ["--bootstrap-server", &bootstrap]
            .into_iter()
            .chain(arguments.iter().copied());
        self.run(&class, arguments)
    }

    fn format(&self) -> Result<()> {
        let properties = self.properties().display().to_string();
        self.run(
            "kafka.tools.StorageTool",
            ["format", "-t", &self.cluster_id, "-c", &properties],
        )
        .map(drop)
    }

    fn run<'a>(&self, class: &str, arguments: impl IntoIterator<Item = &'a str>) -> Result<String> {
        let mut command = Command::new(&self.java);
        command
            .args(self.jvm(&["-Xmx128m", "-XX:TieredStopAtLevel=1"]))
            .arg(class)
            .args(arguments);
        let answer = command
            .output()
            .with_context(|| format!("cannot run {}", self.java.display()))?;
        let printed = String::from_utf8_lossy(&answer.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&answer.stderr);
        ensure!(
            answer.status.success(),
            "{class} failed:\n{printed}{complaint}"
        );
        Ok(printed)
    }

    /// Java itself expands the star of the class path.
    fn jvm(&self, memory: &[&str]) -> Vec<String> {
        let fixed = [
            "-XX:+UseSerialGC",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-cp",
        ];
        let class_path = self.libs.join("*").display().to_string();
        memory
            .iter()
            .chain(&fixed)
            .map(|&flag| flag.to_owned())
            .chain([class_path])
            .collect()
    }

    /// An open port is not enough: the broker listens before it has joined its own cluster, and
    /// another sandbox may have been quicker to take the port.
    fn answers(&self) -> bool {
        let client: Result<BaseConsumer, _> = ClientConfig::new()
            .set("bootstrap.servers", self.bootstrap())
            .create();
        client.is_ok_and(|client| {
            let metadata = client.fetch_metadata(None, METADATA_LIMIT);
            metadata.is_ok_and(|metadata| !metadata.brokers().is_empty())
                && client.client().fetch_cluster_id(METADATA_LIMIT).as_ref()
                    == Some(&self.cluster_id)
        })
    }

    fn properties(&self) -> PathBuf {
        self.house.folder().join("server.properties")
    }
}

fn random_cluster_id() -> String {
    let mut id = Alphanumeric.sample_string(&mut rand::rng(), CLUSTER_ID_CHARACTERS - 1);
    id.push('A');
    id
}

/// A listener for clients beside the plain one.
struct Listener<'a> {
    name: &'a str,
    protocol: &'a str,
    /// `host:port` where the broker listens.
    bound: &'a str,
    /// `host:port` where it tells clients to come.
    advertised: &'a str,
}

impl Listener<'_> {
    /// Starts a broker that has it beside a plain one on this port, with more lines of
    /// `server.properties`.
    fn start(&self, port: u16, more: &[(&str, &str)]) -> Result<Broker> {
        let Listener {
            name,
            protocol,
            bound,
            advertised,
        } = self;
        let (plain, controller) = (format!("PLAINTEXT://127.0.0.1:{port}"), ports::free()?);
        let map = format!("PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,{name}:{protocol}");
        let controller = format!("127.0.0.1:{controller}");
        let listeners = format!("{plain},{name}://{bound},CONTROLLER://{controller}");
        let settings = [
            ("controller.quorum.voters", &*format!("1@{controller}")),
            ("listeners", &listeners),
            (
                "advertised.listeners",
                &format!("{plain},{name}://{advertised}"),
            ),
            ("inter.broker.listener.name", "PLAINTEXT"),
            ("listener.security.protocol.map", &map),
        ];
        Broker::start_on(port, &[&settings, more].concat())
    }
}

fn server_properties(
    broker: &Broker,
    controller: u16,
    settings: &[(&str, &str)],
) -> Result<String> {
    let mut text = SETTINGS.to_owned();
    let (port, data) = (broker.port, broker.house.folder().join("data"));
    writeln!(text, "controller.quorum.voters=1@127.0.0.1:{controller}")?;
    writeln!(
        text,
        "listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}"
    )?;
    writeln!(text, "advertised.listeners=PLAINTEXT://127.0.0.1:{port}")?;
    writeln!(text, "log.dirs={}", data.display())?;
    for (name, value) in settings {
        writeln!(text, "{name}={value}")?;
    }
    Ok(text)
}
