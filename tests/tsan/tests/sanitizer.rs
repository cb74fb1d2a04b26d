//! Builds this package with ThreadSanitizer and reads what that reports: the lines of the race, and
//! nothing at all where the real lock table is around them.

mod toolchain;

use std::path::Path;
use std::process::{Command, Output};

use toolchain::{TARGET, Toolchain, folder, options};

/// What the sanitizer's exit code is once it has reported something.
const REPORTED: i32 = 66;

/// The statements of the race, as they are written.
const RACE: [&str; 2] = ["let read = *stock;", "*stock = read + units;"];
const RACE_IS_IN: &str = "src/shared_map.rs";

#[test]
fn the_sanitizer_reports_the_race_and_is_silent_under_the_real_locks() {
    let Some(toolchain) = Toolchain::here() else {
        return;
    };
    let built = toolchain
        .cargo("rustc")
        .args(["--package", "plimsoll-tsan", "--bin", "plimsoll-tsan", "--"])
        .args(&toolchain.link)
        .status();
    assert!(
        built.expect("cargo runs").success(),
        "the compiler is there and fails"
    );
    let program = folder().join(TARGET).join("sanitized/plimsoll-tsan");
    let careless = run(&program, "careless");
    let report = String::from_utf8_lossy(&careless.stderr).into_owned();
    assert_eq!(careless.status.code(), Some(REPORTED), "{report}");
    for line in race() {
        let place = format!("{RACE_IS_IN}:{line}");
        assert!(report.contains(&place), "{place} is not in\n{report}");
    }
    let locked = run(&program, "locked");
    let report = String::from_utf8_lossy(&locked.stderr);
    assert_eq!((locked.status.code(), &*report), (Some(0), ""));
}

/// Where the race stands now.
fn race() -> [usize; 2] {
    let source = include_str!("../src/shared_map.rs");
    RACE.map(|statement| {
        let at = source.lines().position(|line| line.trim() == statement);
        at.expect("the race is written there") + 1
    })
}

fn run(program: &Path, how: &str) -> Output {
    let mut command = Command::new(program);
    command.arg(how).env("TSAN_OPTIONS", options());
    command.output().expect("it was just built")
}
