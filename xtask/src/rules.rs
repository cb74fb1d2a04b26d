//! The shipped rules: their own tests, then their bundles. How a rule is compiled is known
//! where bundles are made, not here.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{paths, process, say};

/// Tests every rule natively, then builds each to `rules` in the target folder, where it is
/// activated once with its golden cases.
pub(crate) fn run() -> Result<()> {
    let rules = paths::repository().join("rules");
    let manifest = rules.join("Cargo.toml");
    let mut test = process::cargo(["test", "--quiet", "--release", "--manifest-path"])?;
    process::run(test.arg(manifest))?;
    let out = paths::target()?.join("rules");
    let mut build = process::cargo([
        "run",
        "--release",
        "--package",
        "plimsoll-rule-host",
        "--example",
        "bundle",
        "--",
    ])?;
    process::run(build.arg(&out).args(folders(&rules)?))?;
    say::line(format_args!("bundles in {}", out.display()));
    Ok(())
}

/// The folders of rules: those with a `rule.toml`, by name.
fn folders(rules: &std::path::Path) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in rules
        .read_dir()
        .with_context(|| format!("reading {}", rules.display()))?
    {
        let folder = entry?.path();
        if folder.join("rule.toml").is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}
