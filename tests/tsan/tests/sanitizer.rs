//! Builds this package with ThreadSanitizer and reads what that reports: the lines of the race, and
//! nothing at all where the real lock table is around them.
//!
//! It takes the sources of the standard library, which has to be instrumented like everything else:
//! beside rustup's compiler, or beside the distribution's, and then the runtime that comes with
//! rustup's is linked by hand. Without either the test says so and shows nothing.

use std::io::Write;
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

/// A compiler that can instrument its standard library.
struct Toolchain {
    compiler: PathBuf,
    flags: String,
    link: Vec<String>,
}

impl Toolchain {
    fn here() -> Option<Toolchain> {
        let sysroot = sysroot()?;
        let runtime = sysroot
            .join("lib/rustlib")
            .join(TARGET)
            .join("lib/librustc-stable_rt.tsan.a");
        if !runtime.is_file() {
            return None;
        }
        let flags = "-Zsanitizer=thread".to_owned();
        if sysroot.join("lib/rustlib/src/rust/library").is_dir() {
            return Some(Toolchain {
                compiler: sysroot.join("bin/rustc"),
                flags,
                link: Vec::new(),
            });
        }
        let is_there = Path::new(COMPILER).is_file() && Path::new(LIBRARY).is_dir();
        // Before our own objects, as the compiler does it with a runtime of its own.
        let runtime = runtime.display();
        is_there.then(|| Toolchain {
            compiler: COMPILER.into(),
            flags: flags + " -Zexternal-clangrt",
            link: vec![format!(
                "-Zpre-link-args=-Wl,--whole-archive,{runtime},--no-whole-archive"
            )],
        })
    }
}

/// The program under the sanitizer, if this machine can make one.
fn sanitized() -> Option<PathBuf> {
    let Some(toolchain) = Toolchain::here() else {
        skipped("x86-64 Linux, and `rustup component add rust-src` or Debian's rust-web-src");
        return None;
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tsan");
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
        .arg("--")
        .args(toolchain.link)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("RUSTC", toolchain.compiler)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", toolchain.flags)
        .status();
    assert!(
        built.expect("cargo runs").success(),
        "the compiler is there and fails"
    );
    Some(folder.join(TARGET).join("release/plimsoll-tsan"))
}

/// Of the compiler on the path.
fn sysroot() -> Option<PathBuf> {
    let asked = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .ok()?;
    Some(String::from_utf8(asked.stdout).ok()?.trim().into())
}

/// To the terminal itself: the harness keeps what a test that passes prints.
fn skipped(needs: &str) {
    let why = format_args!("SKIPPED: nothing was watched for races; that needs {needs}");
    writeln!(std::io::stderr(), "{why}").expect("somebody listens");
}
