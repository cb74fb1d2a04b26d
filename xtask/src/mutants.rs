//! `cargo xtask mutants`: one small mistake after the other in the pure middle, and what its tests
//! say to each. Which are left out, and why, is in `.cargo/mutants.toml` alone.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::process::{Exit, USAGE};
use crate::{paths, process, setup};

/// Where mistakes are made, and whose own tests must find them.
const PACKAGES: [&str; 1] = ["plimsoll-domain"];
/// What the random tests try is the same each time, or a mistake would be found only now and then.
const SEED: (&str, &str) = ("PROPTEST_RNG_SEED", "1");
/// Nobody reads what a mistake breaks, so it is neither made smaller nor kept for the next one.
const UNREAD: [(&str, &str); 2] = [
    ("PROPTEST_MAX_SHRINK_ITERS", "0"),
    ("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true"),
];

/// Names each mistake that no test finds, and fails if there is one. With files, from the root:
/// only in those.
pub(crate) fn run(files: Vec<OsString>) -> Result<()> {
    let files = named(files).map_err(|error| Exit::new(USAGE, error.to_string()))?;
    let mut mutants = Command::new(setup::cargo_mutants()?);
    mutants
        .arg("mutants")
        .args(PACKAGES.iter().flat_map(|package| ["--package", package]))
        .args(
            files
                .iter()
                .flat_map(|file| ["--file".as_ref(), file.as_os_str()]),
        )
        .arg("--output")
        .arg(paths::target()?)
        .current_dir(paths::repository())
        .envs([SEED])
        .envs(UNREAD)
        // It compiles beside its copy of the sources, and takes both away in the end.
        .env_remove("CARGO_TARGET_DIR");
    process::run(&mut mutants)
}

fn named(rest: Vec<OsString>) -> Result<Vec<OsString>, lexopt::Error> {
    let mut files = Vec::new();
    let mut parser = lexopt::Parser::from_args(rest);
    while let Some(argument) = parser.next()? {
        match argument {
            lexopt::Arg::Value(file) => files.push(file),
            other => return Err(other.unexpected()),
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_files_and_nothing_else() {
        let asked = |words: &[&str]| named(words.iter().map(OsString::from).collect()).ok();
        assert_eq!(asked(&[]), Some(Vec::new()));
        assert_eq!(asked(&["lane.rs"]), Some(vec!["lane.rs".into()]));
        assert_eq!(asked(&["--jobs", "2"]), None);
    }
}
