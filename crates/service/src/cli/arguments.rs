//! The command line as clap reads it. Wrong usage ends there, with exit code 2.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::place::{Partition, Record};
use super::rules::Rules;

/// Keeps stock right: reads inventory events from Kafka, writes stock and ledger to PostgreSQL.
///
/// Delivered at least once, applied exactly once, in order per SKU.
#[derive(Debug, Parser)]
#[command(
    name = "plimsoll",
    version,
    propagate_version = true,
    max_term_width = 100
)]
#[command(
    after_help = "Exit codes: 0 done; 1 failed or a finding; 2 usage or configuration; 3 environment \
                        (cannot reach, missing privileges, migrations pending); 101 a bug of Plimsoll, which then \
                        writes nothing; 143 second signal."
)]
pub(crate) struct Arguments {
    /// Configuration file (TOML); the environment (PLIMSOLL_KAFKA__BROKERS) and --set win over it
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) config: Option<PathBuf>,
    /// One key of the configuration, such as kafka.brokers=localhost:9092; may be repeated
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    pub(crate) set: Vec<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the service: consume events until SIGTERM or Ctrl-C; a second one ends it at once
    Run,
    /// Watch generated events become stock, on a private PostgreSQL and an in-process broker; then see it proven
    Demo(Demo),
    /// Bring the schema up to this version, or show what is missing
    #[command(subcommand)]
    Migrate(Migrate),
    /// Check the configuration, and with --connect what it names
    Check(Check),
    /// Prove from the database alone that stock and ledger are right
    Verify(Verify),
    /// Say what happened to an event or a record, and why
    Explain(Explain),
    /// Products: import, show, set the floor
    #[command(subcommand)]
    Products(Products),
    /// Parked events: list, release, reject
    #[command(subcommand)]
    Parked(Parked),
    /// Positions of partitions: list, clear a halt, accept a gap
    #[command(subcommand)]
    Positions(Positions),
    /// Rules: write, build, test, sign; push, activate, roll back, replay
    #[command(subcommand)]
    Rules(Rules),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Demo {
    /// Stop after this many seconds of traffic; without it, at Ctrl-C
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) seconds: Option<u64>,
    /// Products to import
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) skus: u32,
    /// Bundles of the shipped rules, as `cargo xtask rules` builds them; without it, those it built for this program
    #[arg(long, value_name = "FOLDER")]
    pub(crate) rules: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum Migrate {
    /// Apply what is missing; many replicas may do so at once
    Up,
    /// Show what is missing; exit 3 if anything is
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Check {
    /// Also connect to Kafka and PostgreSQL, and look at topic, schema and privileges
    #[arg(long)]
    pub(crate) connect: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Verify {
    /// Findings to name for each check
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    pub(crate) limit: i64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) what: What,
    /// Only this SKU's events; much faster on a large ledger
    #[arg(long, conflicts_with = "record")]
    pub(crate) sku: Option<String>,
    /// The source that scopes the id
    #[arg(long, default_value = "", conflicts_with = "record")]
    pub(crate) source: String,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// An event or a record.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// The event's id as its producer wrote it
    pub(crate) event_id: Option<String>,
    /// The record instead, such as inventory-events/2/1234
    #[arg(long, value_name = "TOPIC/PARTITION/OFFSET")]
    pub(crate) record: Option<Record>,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Products {
    /// Add products from a CSV file: sku,current_stock[,stock_floor]; those that exist stay as they are
    Import {
        /// The file; `-` reads standard input
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show a product and its last movements
    Show {
        sku: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Set the lowest stock the platform allows
    SetFloor(SetFloor),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SetFloor {
    /// Units; no product may stand below
    #[arg(allow_negative_numbers = true)]
    pub(crate) units: i64,
    #[command(flatten)]
    pub(crate) whose: Whose,
}

/// Some products, or all.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Whose {
    /// This product
    #[arg(long)]
    pub(crate) sku: Option<String>,
    /// Products whose SKU matches; `*` stands for any characters
    #[arg(long, value_name = "PATTERN")]
    pub(crate) sku_pattern: Option<String>,
    /// All products
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Which {
    /// Only this SKU's events
    #[arg(long)]
    pub(crate) sku: Option<String>,
    /// Only those that wait for this code
    #[arg(long)]
    pub(crate) code: Option<String>,
    /// Only those parked by this rule
    #[arg(long)]
    pub(crate) rule: Option<String>,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Parked {
    /// Show events that wait
    List {
        #[command(flatten)]
        which: Which,
        /// Events to show
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(i64).range(1..=100_000))]
        limit: i64,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Decide the events of matching SKUs again, in order
    Release {
        #[command(flatten)]
        act: Act,
        /// Apply the first event of each SKU, if a rule parked it, without asking rules again
        #[arg(long)]
        overrule: bool,
    },
    /// Refuse the events of matching SKUs; they are kept as refusals
    Reject {
        #[command(flatten)]
        act: Act,
        /// Who refuses; default USER@HOST
        #[arg(long, value_name = "WHO")]
        by: Option<String>,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Act {
    #[command(flatten)]
    pub(crate) which: Which,
    /// All events that wait
    #[arg(long, conflicts_with_all = ["sku", "code", "rule"])]
    pub(crate) all: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Positions {
    /// Show how far each partition is applied
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Clear a halt: a running service claims the partition again
    Resume {
        /// TOPIC/PARTITION
        partition: Partition,
    },
    /// Move a halted partition forward over records that will never be applied
    AcceptGap {
        /// TOPIC/PARTITION
        partition: Partition,
        /// The offset to go on from
        #[arg(long, value_name = "OFFSET", value_parser = clap::value_parser!(i64).range(0..))]
        to: i64,
        /// Why the records are given up
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Who accepts it; default USER@HOST
        #[arg(long, value_name = "WHO")]
        by: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_has_no_contradiction() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_must_be_chosen_is_asked_for() {
        let refused = |words: &str| Arguments::try_parse_from(words.split(' ')).is_err();
        assert!(refused("plimsoll"));
        assert!(refused("plimsoll explain"));
        assert!(refused("plimsoll explain 1 --record t/0/1"));
        assert!(refused("plimsoll products set-floor 0"));
        assert!(refused("plimsoll products set-floor 0 --all --sku A"));
        assert!(refused("plimsoll parked release --all --sku A"));
        assert!(!refused("plimsoll products set-floor -5 --sku A"));
        assert!(!refused(
            "plimsoll verify --config x.toml --set kafka.topic=t --json"
        ));
    }
}
