//! `cargo xtask mutants`: one small mistake after the other in the pure middle and in what lanes share,
//! or in a file around those, and what tests say to each. Which are left out, and why, is in `.cargo/mutants.toml` alone.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::process::{Exit, USAGE};
use crate::{paths, process, setup};

/// Where mistakes are made, and what must find them.
struct Place {
    package: &'static str,
    /// Some of its files, from the root, or all below a folder.
    files: &'static [&'static str],
    /// Which tests judge; `None` if all those of the package do.
    judge: Option<Judge>,
    /// Nobody waits for it who has not named a file of it.
    only_named: bool,
}

/// Tests of several packages. Cargo-mutants, before the first mistake, would look for all of them in one.
struct Judge {
    /// How cargo runs them.
    arguments: &'static [&'static str],
    /// Of a mistake, in seconds.
    limit: &'static str,
}

const ALL: [Place; 4] = [DOMAIN, LANE, COORDINATOR, SHELL];

const DOMAIN: Place = Place {
    package: "plimsoll-domain",
    files: &["crates/domain/src/**"],
    judge: None,
    only_named: false,
};
/// The unit tests and the schedules judge, and no server: a mistake takes some seconds so.
const LANE: Place = Place {
    package: "plimsoll-core",
    files: &[
        "crates/core/src/filter.rs",
        "crates/core/src/inbox.rs",
        "crates/core/src/knowledge.rs",
        "crates/core/src/locks.rs",
        "crates/core/src/progress.rs",
    ],
    judge: Some(Judge {
        arguments: &["--lib", "--test=sound"],
        limit: "120",
    }),
    only_named: false,
};
/// What gives lanes their partitions.
const COORDINATOR: Place = Place {
    files: &[
        "crates/core/src/coordinator.rs",
        "crates/core/src/coordinator/places.rs",
    ],
    only_named: true,
    ..LANE
};
/// What a lane does with the world. What unit tests do not see is judged on a real PostgreSQL, so a
/// mistake takes a minute or two.
const SHELL: Place = Place {
    files: &["crates/core/src/lane.rs", "crates/core/src/lane/**"],
    judge: Some(Judge {
        arguments: &["--lib", "--test=guarantee"],
        limit: "300",
    }),
    only_named: true,
    ..LANE
};
/// The packages of a [`Judge`], always both: each brings features, and so all share what is compiled.
const JUDGES: [&str; 2] = ["plimsoll-core", "plimsoll-schedules"];
/// All that mistakes are made in, or that is compiled from the same files.
const CLEAN: [&str; 5] = [
    "clean",
    PROFILE,
    "--package=plimsoll-core",
    "--package=plimsoll-domain",
    "--package=plimsoll-schedules",
];
/// The one in `.cargo/mutants.toml`.
const PROFILE: &str = "--profile=mutants";
/// A consumer that does nothing any more lets each test wait for a minute, or for ever.
const TO_THE_FIRST_FAILURE: &str = r#"--config=target.'cfg(unix)'.runner=['bash', '-c', 'exec 3< <(exec "$0" "$@"); tests=$!; while IFS= read -r line <&3; do echo "$line"; if [[ $line == *" FAILED" ]]; then kill $tests; exit 1; fi; done; wait $tests']"#;
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
    let chosen = ALL.map(|place| (place.chosen(&files), place));
    let is_one = |file: &&OsString| {
        let belongs = chosen.iter().any(|(all, _)| all.contains(file));
        belongs && paths::repository().join(file).is_file()
    };
    if let Some(file) = files.iter().find(|file| !is_one(file)) {
        let all = ALL.map(|place| place.files).concat().join(", ");
        let message = format!("{} is not one of {all}", file.display());
        return Err(Exit::new(USAGE, message).into());
    }
    let asked = chosen.iter().filter(|(files, _)| !files.is_empty());
    let judged: Vec<Result<()>> = asked.map(|(files, place)| place.judge(files)).collect();
    judged.into_iter().collect()
}

impl Place {
    /// Those of its files that are asked for; all where none are, unless it has to be named.
    fn chosen(&self, asked: &[OsString]) -> Vec<OsString> {
        if asked.is_empty() && !self.only_named {
            return self.files.iter().map(OsString::from).collect();
        }
        let is_here = |file: &&OsString| {
            let mut all = self.files.iter().map(|it| it.trim_end_matches("/**"));
            all.any(|it| Path::new(file).starts_with(it))
        };
        asked.iter().filter(is_here).cloned().collect()
    }

    fn judge(&self, files: &[OsString]) -> Result<()> {
        let folder = paths::target()?.join("mutants");
        let output = folder.join(self.package);
        fs::create_dir_all(&output)?;
        let mut mutants = Command::new(setup::cargo_mutants()?);
        mutants
            .args(["mutants", "--package", self.package])
            .args(files.iter().flat_map(|file| [OsStr::new("--file"), file]))
            .arg("--output")
            .arg(&output);
        if let Some(judge) = &self.judge {
            // What is newest there is the last mistake.
            run_in(&folder, &mut process::cargo(CLEAN)?)?;
            run_in(&folder, &mut judge.baseline()?)?;
            mutants.args(judge.options());
        }
        run_in(&folder, &mut mutants)?;
        let caught = fs::read_to_string(output.join("mutants.out/caught.txt"))?;
        ensure!(
            !caught.is_empty(),
            "no mistake in {} was tried",
            self.package
        );
        Ok(())
    }
}

impl Judge {
    /// The tests alone, which must pass as long as nothing is wrong.
    fn baseline(&self) -> Result<Command> {
        let mut tests = process::cargo(["test", PROFILE])?;
        for package in JUDGES {
            tests.args(["--package", package]);
        }
        tests.args(self.arguments).arg(TO_THE_FIRST_FAILURE);
        Ok(tests)
    }

    /// The same tests, for cargo-mutants.
    fn options(&self) -> Vec<String> {
        let packages = JUDGES.iter();
        let packages = packages.map(|it| format!("--test-package={it}"));
        let arguments = self.arguments.iter().chain([&TO_THE_FIRST_FAILURE]);
        let arguments = arguments.map(|it| format!("--cargo-arg={it}"));
        let limit = format!("--timeout={}", self.limit);
        let rest = ["--baseline=skip".to_owned(), limit];
        packages.chain(arguments).chain(rest).collect()
    }
}

/// Away from all else, because one package alone has other features; and what is compiled stays.
fn run_in(folder: &Path, command: &mut Command) -> Result<()> {
    command
        .current_dir(paths::repository())
        .envs([SEED])
        .envs(UNREAD)
        .env("CARGO_TARGET_DIR", folder.join("build"));
    process::double_test_threads(command)?;
    process::run(command)
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
        assert_eq!(asked(&["fold.rs"]), Some(vec!["fold.rs".into()]));
        assert_eq!(asked(&["--jobs", "2"]), None);
    }

    #[test]
    fn a_file_belongs_to_the_place_that_has_it() {
        let chosen = |place: Place, files: &[&str]| {
            let files: Vec<OsString> = files.iter().map(OsString::from).collect();
            place.chosen(&files)
        };
        let files = [
            "crates/domain/src/fold.rs",
            "crates/core/src/locks.rs",
            "crates/core/src/lane/effects.rs",
        ];
        assert_eq!(chosen(DOMAIN, &files), ["crates/domain/src/fold.rs"]);
        assert_eq!(chosen(LANE, &files), ["crates/core/src/locks.rs"]);
        assert_eq!(chosen(SHELL, &files), ["crates/core/src/lane/effects.rs"]);
        assert_eq!(chosen(LANE, &[]).len(), LANE.files.len());
        let coordinator = "crates/core/src/coordinator.rs";
        assert_eq!(chosen(COORDINATOR, &[coordinator]), [coordinator]);
        assert!(chosen(COORDINATOR, &[]).is_empty());
    }
}
