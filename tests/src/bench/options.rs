//! The command line of the bench.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::races::{Job, Workers};

/// Measures Plimsoll beside the consumers that people write without it.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    /// Fewer rounds and events: under three minutes.
    #[arg(long)]
    pub quick: bool,
    /// Records without a key: every SKU is in every partition, and hot ones meet in every lane.
    #[arg(long)]
    pub unkeyed: bool,
    /// Rounds of all contenders [default: 7, with --quick 3].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=30))]
    pub rounds: Option<u32>,
    /// Only this part; may be repeated. Latency alone is that of Plimsoll alone.
    #[arg(long, value_name = "PART")]
    pub only: Vec<Part>,
    /// Where the figures go, as JSON.
    #[arg(long, value_name = "FILE", default_value = "target/bench.json")]
    pub out: PathBuf,
    /// What the bench runs in processes of its own.
    #[command(subcommand)]
    pub command: Option<Command>,
}

impl Options {
    /// Whether a part was asked for. An old ledger, rules beside none, or traces take longer than all the rest of `--quick`.
    pub fn wants(&self, part: Part) -> bool {
        let by_default = !self.quick || !matches!(part, Part::Age | Part::Rules | Part::Traces);
        self.only.contains(&part) || self.only.is_empty() && by_default
    }

    /// How many rounds.
    pub fn rounds(&self) -> u32 {
        self.rounds.unwrap_or(if self.quick { 3 } else { 7 })
    }
}

/// What the bench consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Part {
    /// All contenders drain a backlog in turn.
    Throughput,
    /// From record to commit at a steady load.
    Latency,
    /// Cost per event with other traffic.
    Growth,
    /// Cost per event on an old ledger; with `--quick` only if asked for.
    Age,
    /// With the shipped rules beside without, and rulesets replaced under load; with `--quick` only if asked for.
    Rules,
    /// Without traces, with some, and with those of every event; needs Jaeger, with `--quick` only if asked for.
    Traces,
}

/// Not for people.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Consumes a topic and reports on it.
    #[command(hide = true)]
    Consumer(ConsumerOptions),
}

/// Which of the consumers in [`crate::races`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Read, add, write.
    Careless,
    /// One checked transaction for each event.
    Textbook,
    /// One transaction for each poll.
    Plain,
    /// Plimsoll's statements alone.
    Limit,
}

/// A job for a consumer.
#[derive(Debug, Args)]
pub struct ConsumerOptions {
    /// The consumer.
    pub kind: Kind,
    /// A prepared database.
    #[arg(long)]
    pub database: String,
    /// Kafka.
    #[arg(long)]
    pub bootstrap: String,
    /// The topic, all of it.
    #[arg(long)]
    pub topic: String,
    /// Ends after so many records.
    #[arg(long)]
    pub events: u64,
    /// So many workers shared by all partitions, instead of one for each partition.
    #[arg(long)]
    pub shared: Option<usize>,
}

impl ConsumerOptions {
    pub(super) fn job(&self) -> Job {
        Job {
            database_url: self.database.clone(),
            bootstrap: self.bootstrap.clone(),
            topic: self.topic.clone(),
            events: self.events,
        }
    }

    pub(super) fn workers(&self) -> Workers {
        self.shared.map_or(Workers::PerPartition, Workers::Shared)
    }
}
