//! From a rule's folder to its bundle, unsigned: compile the crate, wrap the module as a
//! component, and join what the code declares with what the folder says.

mod component;
mod source;
mod toolchain;

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
    /// The compiler could not be run, or failed; it said why.
    #[error("{0}")]
    Compiler(String),
    /// The module is not a rule.
    #[error("the module does not fit the interface of rules: {0}")]
    Component(String),
    /// The parts do not make a bundle.
    #[error("the bundle is refused")]
    Bundle(#[from] bundle::Error),
}

/// Builds the rule in `folder`; cargo keeps its own files in `target`.
///
/// # Errors
/// The first thing that is wrong, in the order of the work.
pub fn build(folder: &Path, target: &Path) -> Result<Bundle, Error> {
    let package = source::package(folder)?;
    let module = toolchain::compile(folder, &package.name, target)?;
    let manifest = source::manifest(&package, &read_toml(&folder.join("rule.toml"))?, &module)?;
    let cases: Cases = read_toml(&folder.join("cases.toml"))?;
    let component = wrap(&module).map_err(|e| Error::Component(format!("{e:#}")))?;
    Ok(Bundle::pack(&manifest, component, &cases)?)
}

fn read_toml<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, Error> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::Read(path.into(), e))?;
    toml::from_str(&text).map_err(|e| Error::Toml(path.into(), e))
}
