//! A Java that can run Kafka. Looks only.

use std::fmt;
use std::path::PathBuf;

use super::packages::Need;
use crate::{paths, process};

/// The oldest Java that runs a Kafka 4 broker.
const MAJOR_MIN: u32 = 17;
/// Homebrew installs Java without putting it on the path.
const HOMEBREW: [&str; 2] = [
    "/opt/homebrew/opt/openjdk/bin",
    "/usr/local/opt/openjdk/bin",
];

pub(super) struct Installed {
    major: u32,
    program: PathBuf,
}

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.major, self.program.display())
    }
}

/// The first that is new enough.
pub(super) fn newest() -> Option<Installed> {
    all().find(|java| java.major >= MAJOR_MIN)
}

pub(super) fn missing() -> Option<Need> {
    if newest().is_some() {
        return None;
    }
    Some(if all().next().is_some() {
        Need::NewerJava
    } else {
        Need::Java
    })
}

/// `JAVA_HOME` first, as every Java tool does.
fn all() -> impl Iterator<Item = Installed> {
    let home = paths::variable("JAVA_HOME").map(|home| home.join("bin"));
    let folders = home
        .into_iter()
        .chain(paths::search_path())
        .chain(HOMEBREW.map(PathBuf::from));
    folders
        .map(|folder| folder.join("java"))
        .filter(|program| program.is_file())
        .filter_map(|program| {
            let major = major(&process::ask(&program, ["-version"])?)?;
            Some(Installed { major, program })
        })
}

/// From `openjdk version "17.0.15" 2025-04-15` and what follows it.
fn major(answer: &str) -> Option<u32> {
    let number = answer.split('"').nth(1)?;
    number
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_read_from_what_java_says() {
        assert_eq!(
            major("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK …"),
            Some(17)
        );
        assert_eq!(major("openjdk version \"25\" 2025-09-16"), Some(25));
        assert_eq!(major("java version \"1.8.0_402\""), Some(1));
        assert_eq!(major("The operation couldn’t be completed."), None);
    }
}
