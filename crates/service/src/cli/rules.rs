//! `plimsoll rules`: the life of a rule, from an empty folder to a signed bundle. None of the
//! author's commands needs a configuration, but for the keys that `verify` believes.

mod bench;
mod build;
mod folder;
mod inspect;
mod new;
mod sign;
mod test;
mod verify;

mod activate;
mod push;
mod replay;
mod rollback;
mod status;
mod store;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::config::{Config, Finding};
use crate::exit::{Failure, Verdict};

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Rules {
    /// Make a folder with a rule that builds, tests and signs as it is
    New(New),
    /// Compile the rule and pack it into NAME.bundle
    Build(Build),
    /// Try the golden cases, and that a verdict depends on the event alone
    Test(Test),
    /// Measure time and fuel of an event, and compare them with a baseline
    Bench(Bench),
    /// Sign the bundle
    Sign(Sign),
    /// Say who answers for the bundle, and until when; exit 1 if it is refused
    Verify(Verify),
    /// Show what the bundle says about itself
    Inspect(Inspect),
    /// Store bundles in the database, where rulesets can name them
    Push(Push),
    /// Make a ruleset the desired one; all replicas follow within a second
    Activate(Activate),
    /// Make an older ruleset the desired one again, as a new revision
    Rollback(Rollback),
    /// Show which decisions of the past a ruleset would have made otherwise; changes nothing
    Replay(Replay),
    /// Show the desired ruleset and who follows it; exit 1 if a running replica does not
    Status {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// Where the rule is.
#[derive(Clone, Debug, Args)]
pub(crate) struct Place {
    /// The rule's folder
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) path: PathBuf,
}

/// Which bundle.
#[derive(Clone, Debug, Args)]
pub(crate) struct Which {
    /// The bundle's file; without it, NAME.bundle in the rule's folder
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct New {
    /// Name of the rule and of its folder: lower-case letters, digits and dashes
    pub(crate) name: String,
    /// Make the folder in here
    #[arg(long, value_name = "FOLDER", default_value = ".")]
    pub(crate) path: PathBuf,
    /// The team that answers for the rule
    #[arg(long, value_name = "TEAM", default_value = "my-team")]
    pub(crate) owner: String,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Build {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Write the bundle here
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Test {
    /// Test this bundle as it is; without it, the rule's folder is built first
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Which events are made up; the same number makes the same events
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Bench {
    /// Measure this bundle as it is; without it, the rule's folder is built first
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) place: Place,
    /// Compare with this baseline; exit 1 if the rule costs more, beyond the tolerances
    #[arg(long, value_name = "FILE")]
    pub(crate) check: Option<PathBuf>,
    /// How much slower than the baseline is still the same, in percent
    #[arg(
        long,
        value_name = "PERCENT",
        default_value_t = 100,
        requires = "check"
    )]
    pub(crate) tolerance: u32,
    /// How much more fuel than the baseline is still the same, in percent: another compiler makes
    /// another module of the same rule
    #[arg(long, value_name = "PERCENT", default_value_t = 10, requires = "check")]
    pub(crate) fuel_tolerance: u32,
    /// Measure fuel only, which needs no quiet machine
    #[arg(long)]
    pub(crate) fuel: bool,
    /// Write what was measured as the new baseline
    #[arg(long, value_name = "FILE", conflicts_with = "check")]
    pub(crate) save: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Sign {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) key: Key,
    /// The signature ends after this many days; without it, it has no end
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub(crate) days: Option<u32>,
}

/// A key there is, or a new one.
#[derive(Clone, Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Key {
    /// Sign with the key in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    /// Make a key, keep it in this file, and sign with it
    #[arg(long, value_name = "FILE")]
    pub(crate) key_new: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Believe this public key (ed25519:…) instead of the configuration's; may be repeated
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Push {
    /// The bundles' files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Activate {
    /// The ruleset: [[rules]] with bundle, mode, parameters, select
    #[arg(value_name = "RULESET.toml")]
    pub(crate) file: PathBuf,
    /// Only if this revision is the desired one until then; 0: if there is none
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i32).range(0..))]
    pub(crate) expected: Option<i32>,
    /// Why
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
    /// Who activates it; default USER@HOST
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Rollback {
    /// The revision to repeat; without it, the newest that differs from the present, unless that
    /// is a roll-back itself
    #[arg(long, value_name = "REVISION", value_parser = clap::value_parser!(i32).range(1..))]
    pub(crate) to: Option<i32>,
    /// Who goes back; default USER@HOST
    #[arg(long, value_name = "WHO")]
    pub(crate) by: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Replay {
    /// The ruleset to try; its bundles must have been pushed
    #[arg(value_name = "RULESET.toml")]
    pub(crate) file: PathBuf,
    /// The newest so many events at most
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(i64).range(1..))]
    pub(crate) events: i64,
    /// Only those recorded within so many hours
    #[arg(long, value_name = "H", default_value_t = 24.0)]
    pub(crate) hours: f64,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs one of them. A configuration with findings stops only those that need it.
pub(super) async fn run(
    config: Result<Config, Vec<Finding>>,
    command: Rules,
) -> Result<Verdict, Failure> {
    let configured = || config.map_err(Failure::Configuration);
    match command {
        Rules::New(options) => new::run(&options),
        Rules::Build(options) => build::run(&options),
        Rules::Test(options) => test::run(&options),
        Rules::Bench(options) => bench::run(&options),
        Rules::Sign(options) => sign::run(&options),
        Rules::Verify(options) => verify::run(configured, &options),
        Rules::Inspect(options) => inspect::run(&options),
        Rules::Push(options) => push::run(&configured()?, &options).await,
        Rules::Activate(options) => activate::run(&configured()?, &options).await,
        Rules::Rollback(options) => rollback::run(&configured()?, &options).await,
        Rules::Replay(options) => replay::run(&configured()?, &options).await,
        Rules::Status { json } => status::run(&configured()?, json).await,
    }
}
