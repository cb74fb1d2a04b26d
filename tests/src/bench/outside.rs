//! A run of a consumer of [`crate::races`], in a process of its own: this program, called again.

use std::process::{Child, Command, Stdio};

use anyhow::ensure;

use super::contender::Contender;
use super::measurement::Measurement;
use super::stage::Stage;
use crate::races::Report;

pub(super) async fn drain(
    stage: &Stage,
    contender: Contender,
    topic: &str,
    database: &str,
    events: u64,
) -> anyhow::Result<Measurement> {
    let before = stage.spent().await?;
    let report = finish(start(stage, contender, topic, database, events)?)?;
    let after = stage.spent().await?;
    Ok(Measurement {
        events: report.events,
        elapsed: report.elapsed,
        service_cpu: report.cpu,
        server_cpu: after.cpu.saturating_sub(before.cpu),
        wal_bytes: after.wal_bytes - before.wal_bytes,
        peak_bytes: report.peak_bytes,
        first_commit: None,
    })
}

/// Starts it; it reads what is there and what comes.
pub(super) fn start(
    stage: &Stage,
    contender: Contender,
    topic: &str,
    database: &str,
    events: u64,
) -> anyhow::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("consumer").args(contender.arguments());
    command.args(["--database", database, "--topic", topic]);
    command.args([
        "--bootstrap",
        &stage.bootstrap(),
        "--events",
        &events.to_string(),
    ]);
    Ok(command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?)
}

/// Waits for its end and reads its report.
pub(super) fn finish(child: Child) -> anyhow::Result<Report> {
    let output = child.wait_with_output()?;
    ensure!(
        output.status.success(),
        "the consumer ended with {}",
        output.status
    );
    Report::from_json(&String::from_utf8(output.stdout)?)
}
