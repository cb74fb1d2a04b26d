//! What is in `deploy/`, checked by the tools that will read it. What the files say is checked
//! elsewhere: by the tests of the workspace, against the code.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::{paths, process, say, setup};

/// Dockerfile, alerts with their tests, and Prometheus's configuration. A tool that cannot be had
/// here is named, and the rest is checked.
pub(crate) fn run() -> Result<()> {
    let folder = paths::repository().join("deploy");
    if let Some(hadolint) = there("hadolint", setup::hadolint()) {
        check(&hadolint, &["Dockerfile"], &folder)?;
    }
    if let Some(promtool) = there("promtool", setup::promtool()) {
        let folder = folder.join("prometheus");
        check(&promtool, &["check", "rules", "alerts.yaml"], &folder)?;
        check(&promtool, &["check", "config", "prometheus.yaml"], &folder)?;
        check(&promtool, &["test", "rules", "alerts.test.yaml"], &folder)?;
    }
    Ok(())
}

fn there(name: &str, found: Result<PathBuf>) -> Option<PathBuf> {
    found
        .inspect_err(|error| say::line(format_args!("SKIPPED: {name} is missing: {error:#}")))
        .ok()
}

fn check(program: &Path, arguments: &[&str], folder: &Path) -> Result<()> {
    process::run(Command::new(program).args(arguments).current_dir(folder))
}
