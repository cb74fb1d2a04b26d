//! What an author does: from a rule's folder to its bundle, unsigned, and from a bundle to the
//! proof that its rule can be relied on. Signs nothing and activates nothing.

mod component;
mod source;
mod toolchain;

pub mod cost;
mod events;
mod random;
pub mod trial;

use std::path::{Path, PathBuf};

pub use component::wrap;
pub use source::{Package, RuleToml, manifest};

use crate::Bundle;
use crate::bundle::{self, Cases};

/// Why a folder does not become a bundle.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("cannot read {0}")]
    Read(PathBuf, #[source] std::io::Error),
    /// A file is not what it should be.
    #[error("{0} is not as it should be")]
    Toml(PathBuf, #[source] toml::de::Error),
    /// The module's own declaration is missing or cannot be read.
    #[error("the module's declaration: {0}")]
    Declaration(String),
    /// Nothing here compiles rules; it says what to install.
    #[error("{0}")]
    Toolchain(String),
    /// The compiler failed; it said why.
    #[error("{0}")]
    Compiler(String),
    /// The module is not a rule.
    #[error("the module does not fit the interface of rules: {0}")]
    Component(String),
    /// The parts do not make a bundle.
    #[error("the bundle is refused")]
    Bundle(#[from] bundle::Error),
}

/// Builds the rule in `folder`. Cargo keeps its own files where it always does for that folder.
///
/// # Errors
/// The first thing that is wrong, in the order of the work.
pub fn build(folder: &Path) -> Result<Bundle, Error> {
    let package = source::package(folder)?;
    let module = toolchain::compile(folder, &package.name)?;
    let manifest = source::manifest(&package, &read_toml(&folder.join("rule.toml"))?, &module)?;
    let cases: Cases = read_toml(&folder.join("cases.toml"))?;
    let component = wrap(&module).map_err(|e| Error::Component(format!("{e:#}")))?;
    Ok(Bundle::pack(&manifest, component, &cases)?)
}

/// The name of the rule in `folder`, which is its crate's.
///
/// # Errors
/// If there is no crate.
pub fn name(folder: &Path) -> Result<String, Error> {
    source::package(folder).map(|package| package.name)
}

fn read_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::Read(path.into(), e))?;
    toml::from_str(&text).map_err(|e| Error::Toml(path.into(), e))
}
