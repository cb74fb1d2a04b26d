//! Where cargo keeps things for a rule. Compiles nothing.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;

use super::{cargo, no_cargo};
use crate::author::Error;

/// What is taken of `cargo metadata`.
#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

/// What it builds for the rule in `folder`: in the rule's workspace, or where the caller chose.
pub(super) fn target(folder: &Path) -> Result<PathBuf, Error> {
    let output = cargo(folder)
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .stderr(Stdio::inherit())
        .output()
        .map_err(no_cargo)?;
    let metadata: Metadata = serde_json::from_slice(&output.stdout)
        .map_err(|error| Error::Compiler(format!("cargo metadata: {error}")))?;
    Ok(metadata.target_directory)
}

/// What is downloaded, as cargo finds it.
#[expect(
    clippy::disallowed_methods,
    reason = "it is cargo's setting and none of ours"
)]
pub(super) fn home() -> Option<PathBuf> {
    let set = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    set.or_else(|| Some(std::env::home_dir()?.join(".cargo")))
}
