//! A tool in the cache: there whole or not at all.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::process::{ENVIRONMENT, Exit};
use crate::{paths, say};

/// Fills a folder of the tools beside its final place, then renames it: what was interrupted
/// is never taken for finished. `doing` is said only if there is anything to do. What cannot be
/// had is the machine's fault, not ours.
pub(super) fn once(
    name: &str,
    doing: &str,
    fill: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let tools = paths::tools()?;
    let folder = tools.join(name);
    if folder.is_dir() {
        return Ok(folder);
    }
    say::line(doing);
    let part = tools.join(format!("{name}.part"));
    if part.is_dir() {
        fs::remove_dir_all(&part)?;
    }
    fs::create_dir_all(&part)?;
    fill(&part).map_err(|error| Exit::new(ENVIRONMENT, format!("{doing}: {error:#}")))?;
    fs::rename(&part, &folder)?;
    Ok(folder)
}
