//! Where the programs are that the sandbox starts. It looks for them and never installs:
//! that is `cargo xtask setup`.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::account::Account;

/// The oldest PostgreSQL that Plimsoll promises to work with.
const POSTGRES_MAJOR_MIN: u32 = 14;

/// Folders that hold one folder per PostgreSQL version, and how those folders begin.
const POSTGRES_FAMILIES: [(&str, &str); 6] = [
    ("/usr/lib/postgresql", ""),         // Debian, Ubuntu
    ("/usr", "pgsql-"),                  // the PostgreSQL project's packages on Fedora
    ("/usr/libexec", "postgresql"),      // Alpine
    ("/opt/homebrew/opt", "postgresql"), // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql"),    // Homebrew on Intel
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql"),
];

/// Where downloaded tools and build output are kept: `$PLIMSOLL_CACHE`, else
/// `$XDG_CACHE_HOME/plimsoll`, else `~/.cache/plimsoll`.
pub fn cache_dir() -> PathBuf {
    let named = |name| variable(name).map(PathBuf::from);
    named("PLIMSOLL_CACHE")
        .or_else(|| named("XDG_CACHE_HOME").map(|folder| folder.join("plimsoll")))
        .or_else(|| named("HOME").map(|home| home.join(".cache/plimsoll")))
        .unwrap_or_else(|| env::temp_dir().join("plimsoll-cache"))
}

/// The folder with `initdb`, `pg_ctl` and `postgres` of the newest PostgreSQL (14 or newer) that can
/// be run here. Seen from root that leaves out folders the unprivileged server user cannot enter.
///
/// # Errors
/// None was found, or none that is usable; the message says what to do.
pub fn postgres_bin() -> Result<PathBuf> {
    let account = Account::for_postgres()?;
    let (usable, closed): (Vec<_>, Vec<_>) = postgres_candidates()
        .into_iter()
        .partition(|folder| account.can_enter(folder));
    let newest = usable
        .into_iter()
        .filter_map(|folder| postgres_version(&folder).map(|version| (version, folder)))
        .filter(|((major, _), _)| *major >= POSTGRES_MAJOR_MIN)
        .max();
    match (newest, closed.first()) {
        (Some((_, folder)), _) => Ok(folder),
        (None, None) => bail!(
            "PostgreSQL {POSTGRES_MAJOR_MIN} or newer (initdb, pg_ctl, postgres) is missing: run `cargo xtask setup`"
        ),
        (None, Some(folder)) => bail!(
            "PostgreSQL refuses to run as root, and the unprivileged user it runs as instead cannot enter {}: \
             set PLIMSOLL_CACHE to a folder that others may search, then run `cargo xtask setup`",
            folder.display()
        ),
    }
}

/// The folder of the newest PostgreSQL of each major version (14 or newer) that is installed here, by
/// version; also one that the server's user cannot enter.
pub fn postgres_versions() -> BTreeMap<u32, PathBuf> {
    let mut found: Vec<_> = postgres_candidates()
        .into_iter()
        .filter_map(|folder| postgres_version(&folder).map(|version| (version, folder)))
        .filter(|((major, _), _)| *major >= POSTGRES_MAJOR_MIN)
        .collect();
    found.sort();
    let by_major = found
        .into_iter()
        .map(|((major, _), folder)| (major, folder));
    by_major.collect()
}

/// The folder with Apache Kafka's jar files.
///
/// # Errors
/// It has not been installed; the message says how.
pub fn kafka_libs() -> Result<PathBuf> {
    let libs = cache_dir().join("tools/kafka-4.3.1/libs");
    let installed = libs.join("kafka_2.13-4.3.1.jar").is_file();
    ensure!(
        installed,
        "Apache Kafka is missing in {}: run `cargo xtask setup`",
        libs.display()
    );
    Ok(libs)
}

/// The `java` program of `$JAVA_HOME`, else of the search path.
///
/// # Errors
/// There is none; the message says how to get one.
pub fn java() -> Result<PathBuf> {
    let home = variable("JAVA_HOME").map(|home| PathBuf::from(home).join("bin"));
    home.into_iter()
        .chain(search_path())
        .map(|folder| folder.join("java"))
        .find(|program| program.is_file())
        .context("Java 17 or newer is missing: run `cargo xtask setup`")
}

/// The Jaeger program, if it has been installed: it is built on request only, and takes long.
pub fn jaeger() -> Option<PathBuf> {
    let installed = cache_dir().join("tools/jaeger");
    [installed.join("jaeger"), installed]
        .into_iter()
        .find(|program| program.is_file())
}

/// The Prometheus server, if there is one: as unpacked by `cargo xtask setup`, or on the search path.
pub fn prometheus() -> Option<PathBuf> {
    let unpacked = cache_dir().join("tools/prometheus/usr/bin");
    [unpacked]
        .into_iter()
        .chain(search_path())
        .map(|folder| folder.join("prometheus"))
        .find(|program| program.is_file())
}

fn postgres_candidates() -> BTreeSet<PathBuf> {
    let families = POSTGRES_FAMILIES.map(|(folder, prefix)| (PathBuf::from(folder), prefix));
    let ours = (cache_dir().join("tools"), "postgresql-");
    families
        .iter()
        .chain([&ours])
        .flat_map(|(folder, prefix)| folders_in(folder, prefix))
        .flat_map(|version| [version.join("bin"), version])
        .chain(search_path())
        .filter_map(|folder| home_of(&folder.join("postgres")))
        .filter(|folder| folder.join("initdb").is_file() && folder.join("pg_ctl").is_file())
        .collect()
}

/// The folder a program really lies in: the search path is full of links.
fn home_of(program: &Path) -> Option<PathBuf> {
    Some(program.canonicalize().ok()?.parent()?.to_owned())
}

fn folders_in(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect()
}

fn search_path() -> Vec<PathBuf> {
    variable("PATH")
        .map(|path| env::split_paths(&path).collect())
        .unwrap_or_default()
}

#[expect(
    clippy::disallowed_methods,
    reason = "where programs lie is a fact of the machine; this is the one place that asks for it"
)]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// Major and minor, from a line such as `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn postgres_version(bin: &Path) -> Option<(u32, u32)> {
    let answer = Command::new(bin.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let line = String::from_utf8_lossy(&answer.stdout).into_owned();
    let mut numbers = line.split_whitespace().nth(2)?.split('.');
    let major = numbers.next()?.parse().ok()?;
    let minor = numbers
        .next()
        .and_then(|number| number.parse().ok())
        .unwrap_or(0);
    Some((major, minor))
}
