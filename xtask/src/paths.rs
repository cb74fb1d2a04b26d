//! Where things are: this repository and the cache shared by all its clones.
//! Creates nothing.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder of the workspace's `Cargo.toml`. Read when it runs, since a
/// clone may have moved since this binary was compiled.
pub(crate) fn repository() -> PathBuf {
    let xtask = variable("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    xtask
        .parent()
        .map_or_else(|| xtask.clone(), Path::to_path_buf)
}

/// `$PLIMSOLL_CACHE`, else `$XDG_CACHE_HOME/plimsoll`, else `~/.cache/plimsoll`:
/// outside the repository, so that a fresh clone starts with what another has
/// already downloaded and compiled.
pub(crate) fn cache() -> Result<PathBuf> {
    variable("PLIMSOLL_CACHE")
        .or_else(|| Some(variable("XDG_CACHE_HOME")?.join("plimsoll")))
        .or_else(|| Some(variable("HOME")?.join(".cache/plimsoll")))
        .context("none of PLIMSOLL_CACHE, XDG_CACHE_HOME and HOME is set")
}

/// Downloaded tools, one folder each, named by version.
pub(crate) fn tools() -> Result<PathBuf> {
    Ok(cache()?.join("tools"))
}

/// Where every child cargo compiles to; the caller's own choice wins.
pub(crate) fn target() -> Result<PathBuf> {
    match variable("CARGO_TARGET_DIR") {
        Some(folder) => Ok(folder),
        None => Ok(cache()?.join("target")),
    }
}

/// A program as the shell would find it.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    search_path()
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// The folders of `$PATH`, in order.
pub(crate) fn search_path() -> impl Iterator<Item = PathBuf> {
    let path = variable("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

/// An environment variable that names a path; unset and empty are the same.
#[expect(
    clippy::disallowed_methods,
    reason = "the one reader of the environment in xtask"
)]
pub(crate) fn variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|value| !value.is_empty())
        .map(PathBuf::from)
}
