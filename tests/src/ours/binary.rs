//! Where the binary under test is. Cargo tells only tests of the package that a binary belongs to.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context, ensure};

/// The `plimsoll` of the same build as this program.
pub fn path() -> anyhow::Result<&'static Path> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let found = BINARY.get_or_init(|| built().map_err(|error| format!("{error:#}")));
    found
        .as_deref()
        .map_err(|why| anyhow::anyhow!("no binary to test: {why}"))
}

/// Next to this program, or next to the folder `deps` with it. Cargo is asked each time, because a binary of
/// yesterday would be tested just as happily.
fn built() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let folder = program.parent().context("a program is in a folder")?;
    let folder = if folder.ends_with("deps") {
        folder.parent().context("deps is in a folder")?
    } else {
        folder
    };
    let target = folder.parent().context("a profile is in a target folder")?;
    let mut cargo = Command::new("cargo");
    cargo
        .args([
            "build",
            "--quiet",
            "--release",
            // Features are those of the whole workspace then, as everywhere: dependencies are compiled once.
            "--workspace",
            "--bin",
            "plimsoll",
            "--target-dir",
        ])
        .arg(target);
    let output = cargo.output().context("running cargo")?;
    ensure!(
        output.status.success(),
        "cargo build: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(target.join("release/plimsoll"))
}
