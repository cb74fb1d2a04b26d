//! The shipped rules: their own tests, their bundles, what those cost. How a rule is compiled
//! and tried is known where `plimsoll rules` is, not here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::{paths, process, say};

/// What bundles are made of.
const SOURCES: [&str; 4] = [
    "rules",
    "crates/rule-abi",
    "crates/rule-sdk",
    "crates/rule-host/src/author",
];

/// Written beside the bundles after all of them, since an unchanged one is not written again.
const STAMP: &str = "built";

/// Tests every rule natively, then builds each to a bundle, tries it as the service would, and
/// looks whether it burns more fuel than it did.
pub(crate) fn run() -> Result<()> {
    let manifest = folder().join("Cargo.toml");
    let mut test = process::cargo(["test", "--quiet", "--release", "--manifest-path"])?;
    process::run(test.arg(manifest))?;
    for bundle in bundles()? {
        process::run(plimsoll()?.args(["rules", "test"]).arg(&bundle))?;
        let mut costs = plimsoll()?;
        costs.args(["rules", "bench", "--fuel", "--check"]);
        process::run(costs.arg(baseline(&bundle)?).arg(&bundle))?;
    }
    Ok(())
}

/// Measures the shipped rules beside a native closure.
pub(crate) fn bench() -> Result<()> {
    let json = paths::repository().join("target/bench-rules.json");
    create(json.parent().context("it is in a folder")?)?;
    let bundles = bundles()?;
    build(&["--example", "rule_cost"])?;
    let mut measure = Command::new(paths::target()?.join("release/examples/rule_cost"));
    process::run(measure.arg(&json).args(bundles))?;
    say::line(format_args!("figures in {}", json.display()));
    Ok(())
}

/// The folder of the shipped rules' bundles, built if anything that they are made of is newer.
pub(crate) fn current() -> Result<PathBuf> {
    let folder = paths::target()?.join("rules");
    let stamp = folder.join(STAMP);
    let built = fs::metadata(&stamp).and_then(|stamp| stamp.modified());
    let mut newest = SystemTime::UNIX_EPOCH;
    for source in SOURCES {
        newest = newest.max(changed(&paths::repository().join(source))?);
    }
    if !built.is_ok_and(|built| built >= newest) {
        bundles()?;
        fs::write(&stamp, "").with_context(|| format!("writing {}", stamp.display()))?;
    }
    Ok(folder)
}

/// When anything in a folder was last changed, files of cargo aside.
fn changed(folder: &Path) -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for entry in entries(folder)? {
        let entry = entry?;
        let at = match entry.file_type()?.is_dir() {
            true if entry.file_name() == "target" => continue,
            true => changed(&entry.path())?,
            false => entry.metadata()?.modified()?,
        };
        newest = newest.max(at);
    }
    Ok(newest)
}

/// Builds each rule to a bundle in the target folder.
fn bundles() -> Result<Vec<PathBuf>> {
    build(&["--bin", "plimsoll"])?;
    let out = paths::target()?.join("rules");
    create(&out)?;
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

/// Of the whole workspace, as the tests are, so that nothing is compiled with other features.
fn build(what: &[&str]) -> Result<()> {
    let all = ["build", "--release", "--workspace"];
    process::run(process::cargo(all)?.args(what))
}

/// Our own program, with cargo compiling guests where it compiles everything.
fn plimsoll() -> Result<Command> {
    let target = paths::target()?;
    let mut plimsoll = Command::new(target.join("release/plimsoll"));
    plimsoll.env("CARGO_TARGET_DIR", target);
    Ok(plimsoll)
}

/// What the rule of this bundle cost when somebody last agreed to it.
fn baseline(bundle: &Path) -> Result<PathBuf> {
    let rule = bundle.file_stem().context("a bundle has a name")?;
    Ok(folder().join(rule).join("fuel.json"))
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

fn create(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))
}

fn entries(folder: &Path) -> Result<fs::ReadDir> {
    folder
        .read_dir()
        .with_context(|| format!("reading {}", folder.display()))
}
