//! What can build for ThreadSanitizer here, and how what it built is run. It takes the sources of the
//! standard library, which has to be instrumented like everything else: beside rustup's compiler, or
//! beside the distribution's, and then the runtime that comes with rustup's is linked by hand.

use std::io::Write;
use std::path::{self, Path, PathBuf};
use std::process::Command;

pub(crate) const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Debian's packages `rustc-web` and `rust-web-src`.
const COMPILER: &str = "/usr/bin/rustc";
const LIBRARY: &str = "/usr/lib/rustlib/src/rust/library";
/// C code then takes POSIX threads, which the sanitizer knows; those of C11 it does not.
const NO_C11_THREADS: &str = "-D_THREADS_H";

/// Memory is then mapped by functions of libc, which the sanitizer sees. It does not see rustix's own system
/// calls, and takes a fresh mapping at an old address for the old memory.
const MAPPED_BY_LIBC: &str = "--cfg=rustix_use_libc";

/// `TSAN_OPTIONS` of whatever is watched. A rule that traps is seen by a signal, and its trace is taken
/// in there.
pub(crate) fn options() -> String {
    let suppressions = path::absolute("suppressions.txt").expect("tests run in their package");
    let suppressions = suppressions.display();
    format!("report_signal_unsafe=0 suppressions={suppressions}")
}

/// A compiler that can instrument its standard library.
pub(crate) struct Toolchain {
    compiler: PathBuf,
    flags: String,
    /// What the linker of a program needs besides; nothing with rustup's.
    pub(crate) link: Vec<String>,
}

impl Toolchain {
    /// The one of this machine; says aloud what is missing.
    pub(crate) fn here() -> Option<Toolchain> {
        let found = Toolchain::found();
        if found.is_none() {
            skipped("x86-64 Linux, and `rustup component add rust-src` or Debian's rust-web-src");
        }
        found
    }

    fn found() -> Option<Toolchain> {
        let sysroot = sysroot()?;
        let runtime = sysroot
            .join("lib/rustlib")
            .join(TARGET)
            .join("lib/librustc-stable_rt.tsan.a");
        if !runtime.is_file() {
            return None;
        }
        let flags = format!("-Zsanitizer=thread {MAPPED_BY_LIBC}");
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

    /// Cargo, which puts what it builds into `folder()`, and runs what it runs under the sanitizer.
    pub(crate) fn cargo(&self, command: &str) -> Command {
        let mut cargo = Command::new(env!("CARGO"));
        cargo
            .args([command, "--profile", "sanitized", "-Zbuild-std"])
            .args(["--target", TARGET, "--target-dir"])
            .arg(folder())
            .env("RUSTC", &self.compiler)
            .env("RUSTC_BOOTSTRAP", "1")
            .env("RUSTFLAGS", &self.flags)
            .env("CFLAGS", NO_C11_THREADS)
            .env("TSAN_OPTIONS", options());
        cargo
    }
}

/// Kept, so that only what has changed is built again.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("tsan")
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
pub(crate) fn skipped(needs: &str) {
    let why = format_args!("SKIPPED: nothing was watched for races; that needs {needs}");
    writeln!(std::io::stderr(), "{why}").expect("somebody listens");
}
