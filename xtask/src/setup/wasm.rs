//! What compiles rules to WebAssembly: rustup's target, or Debian's compiler with the sources
//! of its library. `plimsoll rules build` looks for the same.

use std::path::Path;
use std::process::Command;

use super::packages::Need;
use crate::{paths, process, say};

const TARGET: &str = "wasm32-unknown-unknown";
/// What Debian's packages bring.
const DISTRIBUTION: [&str; 3] = [
    "/usr/bin/rustc",
    "/usr/bin/wasm-ld-19",
    "/usr/lib/rustlib/src/rust/library",
];

/// Adds rustup's target where that works, since it needs no rights; otherwise the packages.
pub(super) fn missing() -> Option<Need> {
    (describe().is_none() && !add_target()).then_some(Need::Wasm)
}

/// Which of the two is there.
pub(super) fn describe() -> Option<&'static str> {
    if has_target() {
        Some("rustup's target wasm32-unknown-unknown")
    } else if DISTRIBUTION.iter().all(|path| Path::new(path).exists()) {
        Some("the distribution's rustc with its sources, and wasm-ld-19")
    } else {
        None
    }
}

fn has_target() -> bool {
    process::ask("rustc", ["--print", "target-libdir", "--target", TARGET])
        .is_some_and(|folder| Path::new(folder.trim()).is_dir())
}

fn add_target() -> bool {
    if paths::on_path("rustup").is_none() {
        return false;
    }
    say::line(format_args!("installing: rustup target add {TARGET}"));
    let mut add = Command::new("rustup");
    process::run(add.args(["target", "add", TARGET])).is_ok()
}
