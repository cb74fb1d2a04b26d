//! Builds this package with ThreadSanitizer and reads what that reports: the lines of the race, and
//! nothing at all where the real lock table is around them.
//!
//! It takes the distribution's compiler with the sources of the standard library, which has to be
//! instrumented like everything else, and the runtime that comes with rustup's compiler, linked by
//! hand. Without either the test says so and shows nothing.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Debian's packages `rustc-web` and `rust-web-src`.
const COMPILER: &str = "/usr/bin/rustc";
const LIBRARY: &str = "/usr/lib/rustlib/src/rust/library";
/// What the sanitizer's exit code is once it has reported something.
const REPORTED: i32 = 66;

/// The statements of the race, as they are written.
const RACE: [&str; 2] = ["let read = *stock;", "*stock = read + units;"];
const RACE_IS_IN: &str = "src/shared_map.rs";

#[test]
fn the_sanitizer_reports_the_race_and_is_silent_under_the_real_locks() {
    let Some(program) = sanitized() else {
        return;
    };
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
    command.arg(how).env_remove("TSAN_OPTIONS");
    command.output().expect("it was just built")
}

/// The program under the sanitizer, if this machine can make one.
fn sanitized() -> Option<PathBuf> {
    let runtime = runtime();
    let library = Path::new(LIBRARY);
    if !Path::new(COMPILER).is_file() || !library.is_dir() || runtime.is_none() {
        skipped("Debian's rustc-web and rust-web-src, and rustup's compiler, on x86-64 Linux");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tsan");
    // Before our own objects, as the compiler does it with a runtime of its own.
    let runtime = format!(
        "-Zpre-link-args=-Wl,--whole-archive,{},--no-whole-archive",
        runtime?.display()
    );
    let built = Command::new(env!("CARGO"))
        .args([
            "rustc",
            "--release",
            "--package",
            "plimsoll-tsan",
            "--bin",
            "plimsoll-tsan",
        ])
        .args(["-Zbuild-std", "--target", TARGET, "--target-dir"])
        .arg(&folder)
        .args(["--", &runtime])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RUSTC", COMPILER)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=thread -Zexternal-clangrt")
        .status();
    assert!(
        built.expect("cargo runs").success(),
        "the compiler is there and fails"
    );
    Some(folder.join(TARGET).join("release/plimsoll-tsan"))
}

/// The sanitizer's runtime in the folder of the compiler on the path.
fn runtime() -> Option<PathBuf> {
    let asked = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .ok()?;
    let sysroot = String::from_utf8(asked.stdout).ok()?;
    let folder = Path::new(sysroot.trim())
        .join("lib/rustlib")
        .join(TARGET)
        .join("lib");
    let file = folder.join("librustc-stable_rt.tsan.a");
    file.is_file().then_some(file)
}

#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn skipped(needs: &str) {
    eprintln!("SKIPPED: nothing was watched for races; that needs {needs}");
}
