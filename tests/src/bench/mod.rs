//! The bench: what Plimsoll costs, beside what people write without it, on real servers of this machine.
//!
//! Contenders take turns (A B C A B C …), so that a busy minute of the machine hits them alike and ratios are taken
//! within a round. It measures from outside: processor time and memory from `/proc`, WAL and positions from
//! PostgreSQL. It does not judge correctness; the tests do.

mod options;

mod contender;
mod limit;
mod measurement;
mod ours;
mod outside;
mod stage;

mod age;
mod growth;
mod latency;
mod rules;
mod throughput;
mod traces;

mod ratio;
mod report;

use std::fs;
use std::io::Write;

pub use options::{Command, ConsumerOptions, Kind, Options, Part};
use stage::Stage;

use crate::races::{Report, careless, plain, textbook};

/// Runs everything, prints the tables on standard output and writes the JSON file.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let stage = Stage::open(options)?;
    let report = runtime.block_on(async {
        let mut report = report::Report::default();
        if options.wants(Part::Throughput) {
            report.throughput = throughput::run(&stage).await?;
        }
        if options.wants(Part::Latency) {
            report.latency = latency::run(&stage, &report.throughput).await?;
        }
        if options.wants(Part::Growth) {
            report.growth = growth::run(&stage).await?;
        }
        if options.wants(Part::Age) {
            report.age = age::run(&stage).await?;
        }
        if options.wants(Part::Rules) {
            report.rules = rules::run(&stage).await?;
        }
        if options.wants(Part::Traces) {
            report.traces = traces::run(&stage).await?;
        }
        anyhow::Ok(report)
    })?;
    if let Some(folder) = options.out.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&options.out, format!("{:#}\n", report.to_json(options)))?;
    write!(std::io::stdout().lock(), "{report}")?;
    Ok(())
}

/// A consumer in a process of its own, so that all are measured alike. Its report is one line on standard output.
pub fn consume(options: &ConsumerOptions) -> anyhow::Result<()> {
    let job = options.job();
    let report: Report = tokio::runtime::Runtime::new()?.block_on(async {
        match options.kind {
            Kind::Careless => careless::consume(&job, options.workers(), None).await,
            Kind::Textbook => textbook::consume(&job).await,
            Kind::Plain => plain::consume(&job).await,
            Kind::Limit => limit::consume(&job).await,
        }
    })?;
    writeln!(std::io::stdout().lock(), "{}", report.to_json())?;
    Ok(())
}

/// Progress goes to standard error, the result to standard output.
fn progress(what: impl std::fmt::Display) {
    eprintln!("bench: {what}");
}
