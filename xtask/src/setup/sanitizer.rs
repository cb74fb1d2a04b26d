//! What instruments a program for ThreadSanitizer: the sources of the standard library, beside
//! rustup's compiler or Debian's. The test that uses them looks for the same.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{paths, process, say};

const COMPONENT: &str = "rust-src";
/// What Debian's packages bring.
const DISTRIBUTION: [&str; 2] = ["/usr/bin/rustc", "/usr/lib/rustlib/src/rust/library"];

/// Which of the two is there; adds rustup's, since it needs no rights.
///
/// # Errors
/// What to type, if neither is and the former cannot be added.
pub(super) fn sources() -> Result<&'static str> {
    if let Some(found) = describe().or_else(added) {
        return Ok(found);
    }
    bail!(
        "no sources of the standard library: type `rustup component add {COMPONENT}`, \
         or on Debian install rustc-web and rust-web-src"
    )
}

fn describe() -> Option<&'static str> {
    let sysroot = process::ask("rustc", ["--print", "sysroot"]);
    let beside = |sysroot: String| Path::new(sysroot.trim()).join("lib/rustlib/src/rust/library");
    if sysroot.is_some_and(|sysroot| beside(sysroot).is_dir()) {
        Some("the standard library's sources, from rustup")
    } else if DISTRIBUTION.iter().all(|path| Path::new(path).exists()) {
        Some("the distribution's rustc with its sources")
    } else {
        None
    }
}

fn added() -> Option<&'static str> {
    paths::on_path("rustup")?;
    say::line(format_args!("installing: rustup component add {COMPONENT}"));
    let mut add = Command::new("rustup");
    process::run(add.args(["component", "add", COMPONENT])).ok()?;
    describe()
}
