//! `cargo xtask setup`: makes a machine able to compile and run everything,
//! and says what it found. Each part knows how to look for one thing; this
//! file knows the order. Running it again changes nothing.

mod jaeger;
mod java;
mod lint;
mod maven;
mod mutants;
mod once;
mod packages;
mod postgres;
mod sanitizer;
mod toolchain;
mod wasm;

use std::fmt::Display;
use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::{paths, say};
use packages::Need;

/// How much is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// A C toolchain and PostgreSQL: what the demo starts.
    Demo,
    /// Also Java and Kafka, which tests, benches and `up` start, what compiles rules, and what
    /// checks `deploy/` and dependencies, if that can be had.
    Everything,
}

/// A first install can bring a Java that is too old; the second round asks
/// for a newer one by name. A third would only repeat itself.
const ROUNDS_MAX: usize = 2;

/// Finds or installs what `scope` needs, one line of output for each thing.
///
/// # Errors
/// Exit code 3 with the line to type, when it may not install packages itself.
pub(crate) fn run(scope: Scope) -> Result<()> {
    let _alone = lock()?;
    for _ in 0..ROUNDS_MAX {
        let missing = missing(scope)?;
        if missing.is_empty() {
            break;
        }
        packages::install(&missing)?;
    }
    say::found("C toolchain", toolchain::describe()?);
    say::found("PostgreSQL", find_or_fetch_postgres()?);
    if scope == Scope::Everything {
        say::found(
            "Java",
            java::newest().context("no usable Java although it was just installed")?,
        );
        say::found("Kafka", maven::kafka()?.display());
        let wasm = wasm::describe().context("still nothing compiles rules to WebAssembly")?;
        say::found("WebAssembly", wasm);
        mention("ThreadSanitizer", &sanitizer::sources());
        for (name, tool) in [
            ("Prometheus", lint::promtool()),
            ("hadolint", lint::hadolint()),
            ("cargo-deny", lint::cargo_deny()),
        ] {
            mention(name, &tool.map(|program| program.display().to_string()));
        }
    }
    Ok(())
}

/// What one can do without.
fn mention(name: &str, tool: &Result<impl Display>) {
    match tool {
        Ok(tool) => say::found(name, tool),
        Err(error) => say::found(name, format_args!("not there: {error:#}")),
    }
}

/// What checks alerts.
///
/// # Errors
/// Why it cannot be had here.
pub(crate) fn promtool() -> Result<PathBuf> {
    let _alone = lock()?;
    lint::promtool()
}

/// What checks Dockerfiles.
///
/// # Errors
/// As [`promtool`].
pub(crate) fn hadolint() -> Result<PathBuf> {
    let _alone = lock()?;
    lint::hadolint()
}

/// What checks dependencies.
///
/// # Errors
/// As [`promtool`].
pub(crate) fn cargo_deny() -> Result<PathBuf> {
    let _alone = lock()?;
    lint::cargo_deny()
}

/// What reports races, as far as it can be had here.
///
/// # Errors
/// As [`promtool`].
pub(crate) fn sanitizer() -> Result<()> {
    let _alone = lock()?;
    say::found("ThreadSanitizer", sanitizer::sources()?);
    Ok(())
}

/// What makes mistakes on purpose.
///
/// # Errors
/// As [`promtool`].
pub(crate) fn cargo_mutants() -> Result<PathBuf> {
    let _alone = lock()?;
    mutants::cargo_mutants()
}

/// What compiles rules as well, which the demo can do without.
///
/// # Errors
/// As [`run`].
pub(crate) fn wasm() -> Result<()> {
    let _alone = lock()?;
    if let Some(need) = wasm::missing() {
        packages::install(&[need])?;
    }
    wasm::describe().context("still nothing compiles rules to WebAssembly")?;
    Ok(())
}

/// The newest PostgreSQL beside the machine's own, for tests that start both.
///
/// # Errors
/// As [`promtool`].
pub(crate) fn newest_postgres() -> Result<()> {
    let _alone = lock()?;
    say::found("PostgreSQL", maven::postgres()?.display());
    Ok(())
}

/// Jaeger as well, which `up` starts where it is.
///
/// # Errors
/// Exit code 3 with what to do, when it cannot be built here.
pub(crate) fn jaeger() -> Result<()> {
    let _alone = lock()?;
    say::found("Jaeger", jaeger::jaeger()?.display());
    Ok(())
}

/// One line for those who work by hand, unless Jaeger is there.
pub(crate) fn mention_jaeger() -> Result<()> {
    if !jaeger::is_there()? {
        say::found(
            "Jaeger",
            "not there; `cargo xtask setup --jaeger` builds it",
        );
    }
    Ok(())
}

/// Everything that only a package manager can bring, so that one line
/// installs it.
fn missing(scope: Scope) -> Result<Vec<Need>> {
    let mut missing = toolchain::missing();
    let mut maven = false;
    if postgres::newest()?.is_none() {
        match from_maven(scope)? {
            true => maven = true,
            false => missing.push(Need::Postgres),
        }
    }
    if scope == Scope::Everything {
        missing.extend(java::missing());
        missing.extend(wasm::missing());
        maven |= !maven::has_kafka()?;
    }
    if maven {
        missing.extend(maven::missing());
    }
    Ok(missing)
}

/// The artifact, where it can be used, is better than the package: it needs no
/// rights. The demo does not ask for Maven only to avoid a package.
fn from_maven(scope: Scope) -> Result<bool> {
    let can_unpack = scope == Scope::Everything || maven::missing().is_empty();
    Ok(can_unpack && maven::POSTGRES_PLATFORM.is_some() && postgres::can_run_from_cache()?)
}

fn find_or_fetch_postgres() -> Result<postgres::Installed> {
    if let Some(found) = postgres::newest()? {
        return Ok(found);
    }
    if let Err(error) = maven::postgres() {
        say::error(&error);
        packages::install(&[Need::Postgres])?;
    }
    postgres::newest()?.context("no usable PostgreSQL although it was just installed")
}

/// One setup at a time on this cache. The lock ends with this process,
/// however that ends.
fn lock() -> Result<File> {
    let cache = paths::cache()?;
    fs::create_dir_all(&cache).with_context(|| format!("creating {}", cache.display()))?;
    let path = cache.join("setup.lock");
    let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            say::line("waiting for another setup to end");
            file.lock()?;
        }
        Err(TryLockError::Error(error)) => {
            return Err(error).context(format!("locking {}", path.display()));
        }
    }
    Ok(file)
}
