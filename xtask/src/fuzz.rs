//! `cargo xtask fuzz`: builds the fuzzer with coverage of our own crates, and lets each target
//! look for a while. What a target checks is known in `tests/fuzz` alone.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use anyhow::{Context, Result};

use crate::process::{Exit, USAGE};
use crate::{paths, process, say};

/// The folder of the fuzzer, from the root.
const PACKAGE: &str = "tests/fuzz";
/// Its binary.
const BINARY: &str = "plimsoll-fuzz";
/// What names the target to it.
const TARGET: &str = "PLIMSOLL_FUZZ";

/// For each target, unless it is said.
const SECONDS: u32 = 60;
/// For each target of `cargo xtask test`.
const SECONDS_OF_A_TEST: u32 = 10;
/// An input that takes longer is a finding.
const INPUT_SECONDS_MAX: u32 = 10;
/// A target that needs more memory is a finding.
const MEMORY_MIB_MAX: u32 = 2048;

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
struct Wish {
    seconds: u32,
    /// Put what was found so far among the kept inputs instead.
    keep: bool,
    /// All of them if none is named.
    targets: Vec<String>,
}

pub(crate) fn run(rest: Vec<OsString>) -> Result<()> {
    let wish = wish(rest).map_err(|error| Exit::new(USAGE, error.to_string()))?;
    look(&wish)
}

/// Every target, for a short while.
pub(crate) fn briefly() -> Result<()> {
    look(&Wish {
        seconds: SECONDS_OF_A_TEST,
        keep: false,
        targets: Vec::new(),
    })
}

fn wish(rest: Vec<OsString>) -> Result<Wish, lexopt::Error> {
    let mut wish = Wish {
        seconds: SECONDS,
        keep: false,
        targets: Vec::new(),
    };
    let mut parser = lexopt::Parser::from_args(rest);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Long("seconds") => {
                wish.seconds = lexopt::ValueExt::parse(&parser.value()?)?;
            }
            lexopt::Arg::Long("keep") => wish.keep = true,
            lexopt::Arg::Value(target) => {
                wish.targets.push(target.to_string_lossy().into_owned());
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(wish)
}

fn look(wish: &Wish) -> Result<()> {
    let kept = paths::repository().join(PACKAGE).join("kept");
    let known = targets(&kept)?;
    if let Some(unknown) = wish.targets.iter().find(|name| !known.contains(name)) {
        let message = format!("no target `{unknown}`; there are {}", known.join(", "));
        return Err(Exit::new(USAGE, message).into());
    }
    build()?;
    let is_wanted = |name: &String| wish.targets.is_empty() || wish.targets.contains(name);
    let wanted: Vec<String> = known.into_iter().filter(is_wanted).collect();
    let one = &|target: &String| {
        let (found, kept) = (found(target)?, kept.join(target));
        match wish.keep {
            true => keep(target, &found, &kept),
            false => search(target, &found, &kept, wish.seconds),
        }
    };
    // Each has a core for itself.
    for together in wanted.chunks(thread::available_parallelism()?.get()) {
        thread::scope(|scope| {
            let start = |target| scope.spawn(move || one(target));
            let started: Vec<_> = together.iter().map(start).collect();
            let ended = started.into_iter().map(|it| it.join().expect("it answers"));
            ended.collect::<Result<()>>()
        })?;
    }
    Ok(())
}

/// Each has a folder of kept inputs.
fn targets(kept: &Path) -> Result<Vec<String>> {
    let folders = fs::read_dir(kept).with_context(|| format!("reading {}", kept.display()))?;
    let names = folders.map(|folder| Ok(folder?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

/// Where a target's inputs are put that reached new code, beside what is compiled.
fn found(target: &str) -> Result<PathBuf> {
    let folder = paths::target()?.join("fuzz").join(target);
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    Ok(folder)
}

/// Only our crates count what is reached: a wrapper of the compiler sees no others, so that
/// nothing else is compiled a second time.
fn build() -> Result<()> {
    let feature = format!("{BINARY}/libfuzzer");
    let mut build = process::cargo(["build", "--release", "--workspace", "--bin", BINARY])?;
    let wrapper = paths::repository().join(PACKAGE).join("with-coverage.sh");
    build
        .args(["--features", &feature])
        .env("RUSTC_WORKSPACE_WRAPPER", wrapper)
        // Incremental compilation would keep another copy of every crate on the disk.
        .env("CARGO_INCREMENTAL", "0");
    process::run(&mut build)
}

fn fuzzer(target: &str) -> Result<Command> {
    let mut fuzzer = Command::new(paths::target()?.join("release").join(BINARY));
    fuzzer.env(TARGET, target);
    Ok(fuzzer)
}

fn search(target: &str, found: &Path, kept: &Path, seconds: u32) -> Result<()> {
    let mut fuzzer = fuzzer(target)?;
    let broken = found.with_file_name(format!("{target}-"));
    fuzzer
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
        .arg(format!("-artifact_prefix={}", broken.display()))
        .arg("-print_final_stats=1")
        .args([found, kept]);
    let output = fuzzer.output().context("running the fuzzer")?;
    let told = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        say::line(format_args!(
            "{target:<8} {} inputs in {seconds} s",
            count(&told)
        ));
        return Ok(());
    }
    say::line(&told);
    let message = format!(
        "{target} broke a promise; the input is named above: copy it to {PACKAGE}/kept/{target} \
         under a sentence, where every test run checks it"
    );
    Err(Exit::new(1, message).into())
}

/// How many inputs were tried, by what libFuzzer tells at its end.
fn count(told: &str) -> &str {
    let (_, after) = told
        .rsplit_once("stat::number_of_executed_units:")
        .unwrap_or_default();
    after.lines().next().unwrap_or_default().trim()
}

/// Adds the fewest of the found inputs that reach what the kept ones do not, however often.
fn keep(target: &str, found: &Path, kept: &Path) -> Result<()> {
    let mut fuzzer = fuzzer(target)?;
    process::run(
        fuzzer
            .args(["-set_cover_merge=1", "-use_counters=0", "-verbosity=0"])
            .args([kept, found]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &[&str]) -> Option<Wish> {
        wish(words.iter().map(OsString::from).collect()).ok()
    }

    #[test]
    fn it_takes_seconds_and_targets_and_nothing_else() {
        let wished = |seconds, keep, targets: &[&str]| {
            let targets = targets.iter().map(|name| (*name).to_owned()).collect();
            Some(Wish {
                seconds,
                keep,
                targets,
            })
        };
        assert_eq!(asked(&[]), wished(SECONDS, false, &[]));
        let both = asked(&["--seconds", "5", "record", "config"]);
        assert_eq!(both, wished(5, false, &["record", "config"]));
        assert_eq!(
            asked(&["--keep", "record"]),
            wished(SECONDS, true, &["record"])
        );
        assert_eq!(asked(&["--seconds", "many"]), None);
        assert_eq!(asked(&["--seed", "5"]), None);
    }

    #[test]
    fn every_target_has_its_inputs() {
        let kept = paths::repository().join(PACKAGE).join("kept");
        let targets = targets(&kept).expect("the folder is there");
        assert_eq!(
            targets,
            ["answers", "bundle", "config", "headers", "record"]
        );
    }
}
