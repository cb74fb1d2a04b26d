//! cargo-mutants, which makes mistakes on purpose: built from its package, and only on request,
//! because that takes minutes.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::once::once;
use crate::{paths, process};

const NAME: &str = "cargo-mutants";
const VERSION: &str = "27.1.0";

/// The program: on the path, or built into the tools if it is not there.
///
/// # Errors
/// Why it cannot be had here.
pub(super) fn cargo_mutants() -> Result<PathBuf> {
    if let Some(program) = paths::on_path(NAME) {
        return Ok(program);
    }
    let doing = format!("building {NAME} by cargo: a few minutes");
    let folder = once(&format!("{NAME}-{VERSION}"), &doing, |folder| {
        let mut install = Command::new("cargo");
        install
            .args(["install", "--quiet", "--locked", "--version", VERSION])
            .arg("--root")
            .arg(folder)
            .arg(NAME)
            // What it is compiled into is of no further use.
            .env_remove("CARGO_TARGET_DIR");
        process::run(&mut install)
    })?;
    Ok(folder.join("bin").join(NAME))
}
