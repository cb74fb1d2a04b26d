//! `sandbox up`: Kafka, PostgreSQL and, where it is installed, Jaeger, for work by hand.
//! Prints one address a line, then `ready`, and runs until it is told to end.

use std::io::Write;
use std::process::ExitCode;

use anyhow::Result;
use plimsoll_sandbox::jaeger::Jaeger;
use plimsoll_sandbox::kafka::Broker;
use plimsoll_sandbox::postgres::Cluster;
use plimsoll_sandbox::{ports, tools, topics};
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "\
Usage: sandbox up

Starts Apache Kafka (port 9092), PostgreSQL (port 55432) and Jaeger (ports 4318, 16686; only if it
is installed), each on another port if its own is taken. Makes the database `plimsoll` and the
topic `inventory-events` with 4 partitions. Prints one address a line, then `ready`. SIGINT or
SIGTERM ends everything, and nothing is kept.
";

const KAFKA_PORT: u16 = 9092;
const POSTGRES_PORT: u16 = 55_432;
const DATABASE: &str = "plimsoll";
const TOPIC: &str = "inventory-events";
const PARTITIONS: i32 = 4;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["up"] => up()
            .await
            .map_or_else(|error| complain(&error), |()| ExitCode::SUCCESS),
        ["--help" | "-h"] => {
            say(USAGE).map_or_else(|error| complain(&error), |()| ExitCode::SUCCESS)
        }
        _ => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

async fn up() -> Result<()> {
    let servers = tokio::task::spawn_blocking(Servers::start).await??;
    topics::create(&servers.kafka.bootstrap(), TOPIC, PARTITIONS).await?;
    say(&servers.addresses())?;
    // Until here a signal ends us where we are, and what has been started ends by itself.
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    say("ready\n")?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

struct Servers {
    kafka: Broker,
    postgres: Cluster,
    jaeger: Option<Jaeger>,
}

impl Servers {
    fn start() -> Result<Servers> {
        let postgres = ports::start_on(POSTGRES_PORT, |port| Cluster::start_on(port, &[]))?;
        postgres.create_database(DATABASE, None)?;
        let jaeger = tools::jaeger().map(|_| Jaeger::start()).transpose()?;
        let kafka = ports::start_on(KAFKA_PORT, |port| Broker::start_on(port, &[]))?;
        Ok(Servers {
            kafka,
            postgres,
            jaeger,
        })
    }

    fn addresses(&self) -> String {
        let mut lines = format!(
            "kafka {}\npostgres {}\n",
            self.kafka.bootstrap(),
            self.postgres.url(DATABASE)
        );
        if let Some(jaeger) = &self.jaeger {
            lines += &format!(
                "otlp {}\njaeger {}\n",
                jaeger.otlp_url(),
                jaeger.query_url()
            );
        }
        lines
    }
}

fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("sandbox: {error:#}");
    ExitCode::FAILURE
}
