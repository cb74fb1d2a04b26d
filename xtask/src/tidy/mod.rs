//! `cargo xtask tidy`: the rules of this repository that no compiler checks.
//! Every finding is printed before it fails; it repairs nothing.

mod edges;
mod files;
mod forms;
mod sources;

use anyhow::Result;

use crate::process::Exit;
use crate::{paths, say};

/// Checks the whole repository.
///
/// # Errors
/// Exit code 1 after printing what was found.
pub(crate) fn run() -> Result<()> {
    let mut findings = edges::check(&edges::metadata()?)?;
    findings.extend(forms::check()?);
    for (path, text) in files::texts(&paths::repository())? {
        findings.extend(
            sources::check(&path, &text)
                .into_iter()
                .map(|finding| format!("{path}{finding}")),
        );
    }
    if findings.is_empty() {
        say::line("tidy");
        return Ok(());
    }
    say::line(findings.join("\n"));
    Err(Exit::new(1, format!("{} findings", findings.len())).into())
}
