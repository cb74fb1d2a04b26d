//! What every command of an author starts from: the rule's folder, its bundle, an engine, and
//! how a failure of theirs is told. Whom to believe is decided elsewhere.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use plimsoll_rule_host::bundle::Trust;
use plimsoll_rule_host::{Bundle, Engine, Limits, author};

use super::{Place, Which};
use crate::exit::Failure;

impl Place {
    /// Builds the rule, without writing its bundle.
    pub(super) fn build(&self) -> Result<Bundle, Failure> {
        author::build(&self.path).map_err(|error| match &error {
            author::Error::Toolchain(what) => Failure::environment(what, ""),
            author::Error::Read(path, _) if path.ends_with("Cargo.toml") => Failure::usage(
                format!(
                    "{} is no rule's folder: {}",
                    self.path.display(),
                    chain(&error)
                ),
                "go to the rule's folder, or give --path; plimsoll rules new NAME makes one",
            ),
            _ => Failure::failed(chain(&error), ""),
        })
    }

    /// The given bundle as it is, or the rule built now.
    pub(super) fn open_or_build(&self, file: Option<&Path>) -> Result<Bundle, Failure> {
        file.map_or_else(|| self.build(), open)
    }

    /// Where the rule's bundle is kept.
    pub(super) fn bundle_file(&self) -> Result<PathBuf, Failure> {
        let name = author::name(&self.path).map_err(|error| {
            Failure::usage(
                format!(
                    "{} is no rule's folder: {}",
                    self.path.display(),
                    chain(&error)
                ),
                "go to the rule's folder, give --path, or name the bundle's file",
            )
        })?;
        let file = format!("{name}.bundle");
        // Where it stands, a person would not type `./`.
        Ok(match self.path == Path::new(".") {
            true => file.into(),
            false => self.path.join(file),
        })
    }
}

impl Which {
    /// The bundle's file, which may not be there.
    pub(crate) fn path(&self) -> Result<PathBuf, Failure> {
        match &self.file {
            Some(file) => Ok(file.clone()),
            None => self.place.bundle_file(),
        }
    }

    /// The bundle's file and what is in it.
    pub(crate) fn read(&self) -> Result<(PathBuf, Vec<u8>), Failure> {
        let path = self.path()?;
        let bytes = read(&path)?;
        Ok((path, bytes))
    }
}

/// The bundle in a file, whoever signed it.
pub(super) fn open(path: &Path) -> Result<Bundle, Failure> {
    let file = read(path)?;
    Bundle::open(&file, &Trust::anyone(), now())
        .map_err(|error| Failure::failed(format!("{}: {}", path.display(), chain(&error)), ""))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| {
        Failure::failed(
            format!("cannot read {}: {error}", path.display()),
            "plimsoll rules build",
        )
    })
}

pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| cannot_write(path, &error))
}

pub(super) fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot write {}: {error}", path.display()), "")
}

/// An engine with the limits of the service.
pub(super) fn engine() -> Result<Engine, Failure> {
    Engine::new(Limits::default())
        .map_err(|error| Failure::environment(format!("cannot run rules: {error:#}"), ""))
}

/// Seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "a command reads the clock once")]
pub(super) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
}

/// An error and its causes, in one line.
pub(super) fn chain(error: &dyn Error) -> String {
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}
