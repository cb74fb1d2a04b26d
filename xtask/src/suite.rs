//! `cargo xtask test`: the steps and their order. What each step checks is
//! its own business; the first that fails ends the run with its exit code.

use std::ffi::OsString;
use std::process::Command;
use std::time::Instant;

use anyhow::Result;

use crate::setup::{self, Scope};
use crate::{deploy, fuzz, paths, process, rules, say, tidy};

/// Sets up what is missing, then checks everything, cheapest first. With a
/// filter (or flags for the test harness) it runs the tests that match, only.
pub(crate) fn run(filter: Vec<OsString>) -> Result<()> {
    setup::run(Scope::Everything)?;
    if filter.is_empty() {
        cargo(&["fmt", "--check"])?;
        step("tidy", tidy::run)?;
        step("dependencies", dependencies)?;
        step("deploy", deploy::run)?;
        let lint = ["clippy", "--release", "--workspace"];
        // The second are none of "all": `cargo xtask soak` runs them.
        for targets in [
            &["--all-targets"][..],
            &["--test", "soak", "--test", "silence"],
        ] {
            cargo(&[&lint[..], targets, &["--", "-D", "warnings"]].concat())?;
        }
    }
    // Some tests start our programs, which `cargo test` alone would not build.
    cargo(&["build", "--release", "--workspace", "--bins"])?;
    let mut test = process::cargo(["test", "--release", "--workspace"])?;
    process::double_test_threads(&mut test)?;
    if !filter.is_empty() {
        test.arg("--")
            .args(filter.iter().filter(|word| *word != "--"));
    }
    step("cargo test", || process::run(&mut test))?;
    if filter.is_empty() {
        step("rules", rules::run)?;
        step("fuzz", fuzz::briefly)?;
    }
    Ok(())
}

/// Licences, sources and the floor below which no dependency may fall: `deny.toml`. The database of
/// advisories is not asked, so this needs no network but for packages that were never fetched: of
/// other systems too, for which nothing else here asks.
fn dependencies() -> Result<()> {
    match setup::cargo_deny() {
        Ok(program) => {
            process::run(&mut process::cargo(["fetch", "--locked"])?)?;
            process::run(
                Command::new(program)
                    .args(["--offline", "--log-level", "error", "check"])
                    .args(["licenses", "bans", "sources"])
                    .current_dir(paths::repository()),
            )
        }
        Err(error) => {
            say::line(format_args!("SKIPPED: cargo-deny is missing: {error:#}"));
            Ok(())
        }
    }
}

fn cargo(arguments: &[&str]) -> Result<()> {
    let heading = format!("cargo {}", arguments[0]);
    step(&heading, || process::run(&mut process::cargo(arguments)?))
}

/// Does it between two lines that name it and say how long it took.
pub(crate) fn step(heading: &str, check: impl FnOnce() -> Result<()>) -> Result<()> {
    say::line(format_args!("\n== {heading}"));
    let started = Instant::now();
    let outcome = check();
    let word = if outcome.is_ok() { "passed" } else { "failed" };
    say::line(format_args!(
        "== {heading}: {word} after {:.1} s",
        started.elapsed().as_secs_f64()
    ));
    outcome
}
