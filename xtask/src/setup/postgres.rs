//! PostgreSQL's server programs, wherever a distribution hides them. Looks
//! only; starts and installs nothing.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::packages;
use crate::{paths, process};

/// `CONTRACT`: PostgreSQL 14 or newer.
const MAJOR_MIN: u32 = 14;
/// The folder of the Maven artifact in the cache.
pub(super) const CACHED: &str = "postgresql-18.6";
/// What a private server is made and run with.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];
/// Folders with one sub-folder per major version, and how that begins.
const BY_VERSION: [(&str, &str); 6] = [
    ("/usr/lib/postgresql", ""),         // Debian, Ubuntu
    ("/usr", "pgsql-"),                  // the PostgreSQL project's packages for Fedora
    ("/usr/libexec", "postgresql"),      // Alpine
    ("/opt/homebrew/opt", "postgresql"), // Homebrew on Apple's processors
    ("/usr/local/opt", "postgresql"),    // Homebrew on Intel's
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql"),
];

/// A folder with all the programs.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Installed {
    version: (u32, u32),
    bin: PathBuf,
}

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version;
        write!(f, "{major}.{minor}, {}", self.bin.display())
    }
}

/// The newest usable one, if any; among equals the one that is looked for
/// last, since a folder made for PostgreSQL says more than the search path.
pub(super) fn newest() -> Result<Option<Installed>> {
    let usable = candidates()?.into_iter().filter_map(usable);
    Ok(usable.max_by_key(|found| found.version))
}

/// Whether a server can be run from the cache. PostgreSQL refuses to run as
/// root, so root's servers run under another account, to which root's cache is
/// usually closed.
pub(super) fn can_run_from_cache() -> Result<bool> {
    let tools = paths::tools()?;
    Ok(!packages::is_root() || tools.ancestors().all(is_open_to_others))
}

/// What is not there yet will be made open.
fn is_open_to_others(folder: &Path) -> bool {
    folder
        .metadata()
        .map_or(true, |metadata| metadata.mode() & 0o001 != 0)
}

fn candidates() -> Result<Vec<PathBuf>> {
    let mut folders: Vec<PathBuf> = paths::search_path().collect();
    folders.extend(process::ask("pg_config", ["--bindir"]).map(|bin| bin.trim().into()));
    for (parent, prefix) in BY_VERSION {
        let versions = children(Path::new(parent), prefix);
        folders.extend(versions.flat_map(|version| [version.join("bin"), version]));
    }
    if can_run_from_cache()? {
        folders.push(paths::tools()?.join(CACHED).join("bin"));
    }
    Ok(folders)
}

fn children(parent: &Path, prefix: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    entries
        .filter(move |entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
}

fn usable(bin: PathBuf) -> Option<Installed> {
    let complete = PROGRAMS.iter().all(|program| bin.join(program).is_file());
    let answer = complete.then(|| process::ask(bin.join("postgres"), ["--version"]))??;
    let version = version(&answer)?;
    (version.0 >= MAJOR_MIN).then_some(Installed { version, bin })
}

/// From `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn version(answer: &str) -> Option<(u32, u32)> {
    let number = answer.split_whitespace().nth(2)?;
    let (major, minor) = number.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::DirBuilderExt;

    #[test]
    fn versions_are_read_from_what_postgres_says() {
        assert_eq!(
            version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"),
            Some((15, 18))
        );
        assert_eq!(version("postgres (PostgreSQL) 18.6\n"), Some((18, 6)));
        assert_eq!(version("postgres: command not found"), None);
        assert_eq!(version(""), None);
    }

    #[test]
    fn a_folder_that_only_its_owner_enters_is_closed_to_others() {
        let folder = std::env::temp_dir().join(format!("plimsoll-xtask-{}", std::process::id()));
        let with_mode = |mode| fs::DirBuilder::new().mode(mode).create(&folder);
        for (mode, open) in [(0o700, false), (0o711, true)] {
            with_mode(mode).expect("the temporary folder can be written");
            assert_eq!(is_open_to_others(&folder), open);
            fs::remove_dir(&folder).expect("it is empty");
        }
    }

    #[test]
    fn a_folder_without_the_programs_is_not_usable() {
        assert_eq!(usable("/".into()), None);
    }
}
