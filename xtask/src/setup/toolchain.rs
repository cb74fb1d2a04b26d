//! What compiling needs besides Rust: librdkafka is C and C++ and links
//! OpenSSL and zlib.

use anyhow::{Context, Result};

use super::packages::Need;
use crate::{paths, process};

/// Where Homebrew keeps the OpenSSL that `openssl-sys` finds by itself.
const HOMEBREW_OPENSSL: [&str; 2] = ["/opt/homebrew/opt/openssl@3", "/usr/local/opt/openssl@3"];

/// Without pkg-config the libraries cannot be looked for and count as
/// missing: asking for an installed package costs nothing.
pub(super) fn missing() -> Vec<Need> {
    let checks = [
        (Need::Compiler, has("cc") && has("c++")),
        (Need::Make, has("make")),
        (Need::PkgConfig, has("pkg-config")),
        (Need::OpenSsl, openssl().is_some()),
        (Need::Zlib, library("zlib").is_some()),
    ];
    checks
        .into_iter()
        .filter(|(_, there)| !there)
        .map(|(need, _)| need)
        .collect()
}

pub(super) fn describe() -> Result<String> {
    let openssl = openssl().context("OpenSSL's headers are still missing")?;
    let zlib = library("zlib").context("zlib's headers are still missing")?;
    Ok(format!(
        "cc, c++, make, pkg-config, OpenSSL {openssl}, zlib {zlib}"
    ))
}

fn has(program: &str) -> bool {
    paths::on_path(program).is_some()
}

fn openssl() -> Option<String> {
    let homebrew = || {
        HOMEBREW_OPENSSL
            .iter()
            .find(|folder| std::fs::exists(folder).unwrap_or(false))
    };
    library("openssl").or_else(|| homebrew().map(ToString::to_string))
}

fn library(name: &str) -> Option<String> {
    process::ask("pkg-config", ["--modversion", name]).map(|version| version.trim().to_owned())
}
