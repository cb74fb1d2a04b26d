//! `cargo xtask soak`: what `cargo xtask test` does from fixed seeds, from fresh ones and for longer.
//! Prints each seed that it takes, so that what it finds can be found again.

use std::ffi::OsString;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};

use crate::process::{Exit, USAGE};
use crate::suite::step;
use crate::{fuzz, mutants, process, say, setup};

/// Of simulating, unless it is said.
const MINUTES: u64 = 5;
/// Simulated between two looks at the clock.
const SEEDS: u64 = 50_000;
/// Shuttle's own variable, which replaces the seeds of all scenarios.
const SCHEDULES_FROM: &str = "SHUTTLE_RANDOM_SEED";

pub(crate) fn run(rest: Vec<OsString>) -> Result<()> {
    let minutes = minutes(rest).map_err(|error| Exit::new(USAGE, error.to_string()))?;
    let seed = fresh_seed()?;
    step("ThreadSanitizer", sanitizer)?;
    step(&format!("schedules, {SCHEDULES_FROM}={seed}"), || {
        process::run(test("sound")?.env(SCHEDULES_FROM, seed.to_string()))
    })?;
    step("fuzz", || fuzz::run(Vec::new()))?;
    step("real servers", servers)?;
    step(&format!("simulation, {minutes} min"), || {
        simulate(seed, Duration::from_secs(60 * minutes))
    })?;
    step("mutants", || mutants::run(Vec::new()))
}

/// Where it cannot be had the test says so.
fn sanitizer() -> Result<()> {
    if let Err(error) = setup::sanitizer() {
        say::error(&error);
    }
    process::run(test("sanitizer")?.args(["--test", "silence"]))
}

/// One scenario after the other: each has the machine for itself.
fn servers() -> Result<()> {
    if let Err(error) = setup::newest_postgres() {
        say::error(&error);
    }
    process::run(test("soak")?.args(["--", "--test-threads", "1"]))
}

fn minutes(rest: Vec<OsString>) -> Result<u64, lexopt::Error> {
    let mut minutes = MINUTES;
    let mut parser = lexopt::Parser::from_args(rest);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("minutes") => minutes = lexopt::ValueExt::parse(&parser.value()?)?,
            other => return Err(other.unexpected()),
        }
    }
    Ok(minutes)
}

/// Seeds that no run has had: a thousand million for each second.
#[expect(
    clippy::disallowed_methods,
    reason = "another moment, another seed; it is printed"
)]
fn fresh_seed() -> Result<u64> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Ok(now.context("the clock is before 1970")?.as_secs() * 1_000_000_000)
}

/// One test program. Of the whole workspace, so that nothing is compiled with other features.
fn test(name: &str) -> Result<std::process::Command> {
    process::cargo(["test", "--release", "--workspace", "--test", name])
}

fn simulate(from: u64, limit: Duration) -> Result<()> {
    let started = Instant::now();
    let mut seed = from;
    while started.elapsed() < limit {
        let mut sim = process::cargo_run("plimsoll-sim")?;
        let (seeds, from) = (SEEDS.to_string(), seed.to_string());
        process::run(sim.args(["--seeds", &seeds, "--from", &from]))?;
        seed += SEEDS;
    }
    say::line(format_args!("{} seeds from {from} on", seed - from));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_minutes_and_nothing_else() {
        let asked = |words: &[&str]| minutes(words.iter().map(OsString::from).collect()).ok();
        assert_eq!(asked(&[]), Some(MINUTES));
        assert_eq!(asked(&["--minutes", "3"]), Some(3));
        assert_eq!(asked(&["--minutes"]), None);
        assert_eq!(asked(&["3"]), None);
    }
}
