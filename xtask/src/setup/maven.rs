//! What comes as Maven artifacts: Kafka, and PostgreSQL for those who may not
//! install packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::once::once;
use super::packages::Need;
use super::postgres;
use crate::{paths, process};

const KAFKA: &str = "kafka-4.3.1";
const POSTGRES_ARTIFACT: &str = "io.zonky.test.postgres:embedded-postgres-binaries";
const POSTGRES_VERSION: &str = "18.6.0";
/// Fixed, so that every machine fetches by the same code.
const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

/// What the artifact calls this machine, if it is made for it.
pub(super) const POSTGRES_PLATFORM: Option<&str> = {
    if cfg!(all(
        target_os = "linux",
        target_env = "gnu",
        target_arch = "x86_64"
    )) {
        Some("linux-amd64")
    } else if cfg!(all(
        target_os = "linux",
        target_env = "gnu",
        target_arch = "aarch64"
    )) {
        Some("linux-arm64v8")
    } else if cfg!(all(target_os = "macos", target_arch = "x86_64")) {
        Some("darwin-amd64")
    } else if cfg!(all(target_os = "macos", target_arch = "aarch64")) {
        Some("darwin-arm64v8")
    } else {
        None
    }
};

/// What fetching and unpacking needs and this machine lacks.
pub(super) fn missing() -> Vec<Need> {
    let needs = [(Need::Maven, "mvn"), (Need::Xz, "xz")];
    needs
        .into_iter()
        .filter(|(_, program)| paths::on_path(program).is_none())
        .map(|(need, _)| need)
        .collect()
}

pub(super) fn has_kafka() -> Result<bool> {
    Ok(paths::tools()?.join(KAFKA).is_dir())
}

/// The folder with Kafka's jars, downloaded if it is not there: 54 MB.
pub(super) fn kafka() -> Result<PathBuf> {
    let folder = once(KAFKA, "fetching Kafka by Maven", |folder| {
        fs::write(folder.join("pom.xml"), include_str!("kafka.pom.xml"))?;
        maven(
            folder,
            &[
                &format!("{PLUGIN}:copy-dependencies"),
                "-DoutputDirectory=libs",
            ],
        )
    })?;
    Ok(folder.join("libs"))
}

/// PostgreSQL's server programs, downloaded if they are not there: 15 MB.
pub(super) fn postgres() -> Result<PathBuf> {
    let platform =
        POSTGRES_PLATFORM.context("no PostgreSQL artifact is made for this kind of machine")?;
    let artifact = format!("-Dartifact={POSTGRES_ARTIFACT}-{platform}:{POSTGRES_VERSION}:jar");
    once(postgres::CACHED, "fetching PostgreSQL by Maven", |folder| {
        let jar = folder.join("jar");
        fs::create_dir(&jar)?;
        maven(
            &jar,
            &[
                &format!("{PLUGIN}:unpack"),
                &artifact,
                "-DoutputDirectory=.",
            ],
        )?;
        let archive = only_txz(&jar)?;
        process::run(
            Command::new("tar")
                .arg("xJf")
                .arg(archive)
                .arg("-C")
                .arg(folder),
        )?;
        Ok(fs::remove_dir_all(jar)?)
    })
}

/// Maven in `folder`. What it writes is worth showing only when it fails.
fn maven(folder: &Path, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("mvn");
    let output = command
        .args(["-q", "-B"])
        .args(arguments)
        .current_dir(folder)
        .output();
    let output = output.context("running mvn")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "`{}` failed:\n{said}",
        process::typed(&command)
    );
    Ok(())
}

fn only_txz(folder: &Path) -> Result<PathBuf> {
    let files = fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<_>>>()?;
    let mut archives = files
        .into_iter()
        .filter(|file| file.extension().is_some_and(|name| name == "txz"));
    let archive = archives.next().context("the artifact holds no archive")?;
    ensure!(
        archives.next().is_none(),
        "the artifact holds more than one archive"
    );
    Ok(archive)
}
