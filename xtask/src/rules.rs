//! The shipped rules: their own tests, their bundles, what those cost. How a rule is compiled
//! and tried is known where `plimsoll rules` is, not here.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::{paths, process, say};

/// Tests every rule natively, then builds each to a bundle and tries it as the service would.
pub(crate) fn run() -> Result<()> {
    let manifest = folder().join("Cargo.toml");
    let mut test = process::cargo(["test", "--quiet", "--release", "--manifest-path"])?;
    process::run(test.arg(manifest))?;
    for bundle in bundles()? {
        process::run(plimsoll()?.args(["rules", "test"]).arg(bundle))?;
    }
    Ok(())
}

/// Measures the shipped rules beside a native closure.
pub(crate) fn bench() -> Result<()> {
    let json = paths::repository().join("target/bench-rules.json");
    let mut bench = process::cargo([
        "run",
        "--release",
        "--package",
        "plimsoll-rule-host",
        "--example",
        "bench",
        "--",
    ])?;
    process::run(bench.arg(&json).args(bundles()?))?;
    say::line(format_args!("figures in {}", json.display()));
    Ok(())
}

/// Builds each rule to a bundle in the target folder.
fn bundles() -> Result<Vec<PathBuf>> {
    process::run(&mut process::cargo([
        "build",
        "--release",
        "--package",
        "plimsoll-service",
        "--bin",
        "plimsoll",
    ])?)?;
    let out = paths::target()?.join("rules");
    std::fs::create_dir_all(&out).with_context(|| format!("creating {}", out.display()))?;
    let mut bundles = Vec::new();
    for rule in folders()? {
        let name = rule.file_name().context("a rule's folder has a name")?;
        let bundle = out.join(name).with_extension("bundle");
        let mut build = plimsoll()?;
        build.args(["rules", "build", "--path"]).arg(&rule);
        process::run(build.arg("--out").arg(&bundle))?;
        bundles.push(bundle);
    }
    Ok(bundles)
}

/// Our own program, with cargo compiling guests where it compiles everything.
fn plimsoll() -> Result<std::process::Command> {
    let target = paths::target()?;
    let mut plimsoll = std::process::Command::new(target.join("release/plimsoll"));
    plimsoll.env("CARGO_TARGET_DIR", target);
    Ok(plimsoll)
}

fn folder() -> PathBuf {
    paths::repository().join("rules")
}

/// The folders of rules: those with a `rule.toml`, by name.
fn folders() -> Result<Vec<PathBuf>> {
    let rules = folder();
    let mut folders = Vec::new();
    for entry in entries(&rules)? {
        let folder = entry?.path();
        if folder.join("rule.toml").is_file() {
            folders.push(folder);
        }
    }
    folders.sort();
    Ok(folders)
}

fn entries(folder: &Path) -> Result<std::fs::ReadDir> {
    folder
        .read_dir()
        .with_context(|| format!("reading {}", folder.display()))
}
