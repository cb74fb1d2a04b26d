//! The system's package manager: what it calls the things we need, and
//! whether we may use it. It does not look whether a thing is there.

use std::process::Command;

use anyhow::Result;

use crate::process::{self, ENVIRONMENT, Exit};
use crate::{paths, say};

/// Something that only the system can provide.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Need {
    Compiler,
    Make,
    PkgConfig,
    OpenSsl,
    Zlib,
    Postgres,
    Java,
    /// There is a Java, but it is too old.
    NewerJava,
    Maven,
    Xz,
    /// A Rust compiler that makes WebAssembly.
    Wasm,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Manager {
    Apt,
    Dnf,
    Brew,
}

impl Manager {
    fn here() -> Option<Self> {
        let known = [
            ("apt-get", Self::Apt),
            ("dnf", Self::Dnf),
            ("brew", Self::Brew),
        ];
        known
            .into_iter()
            .find(|(program, _)| paths::on_path(program).is_some())
            .map(|(_, manager)| manager)
    }

    fn packages(self, need: Need) -> &'static [&'static str] {
        let [apt, dnf, brew]: [&[&str]; 3] = match need {
            // On macOS, Apple's own tools compile; Homebrew asks for them itself.
            Need::Compiler => [&["gcc", "g++"], &["gcc", "gcc-c++"], &[]],
            Need::Make => [&["make"], &["make"], &["make"]],
            Need::PkgConfig => [&["pkg-config"], &["pkgconf-pkg-config"], &["pkgconf"]],
            Need::OpenSsl => [&["libssl-dev"], &["openssl-devel"], &["openssl@3"]],
            Need::Zlib => [&["zlib1g-dev"], &["zlib-devel"], &["zlib"]],
            Need::Postgres => [&["postgresql"], &["postgresql-server"], &["postgresql@17"]],
            Need::Java => [
                &["default-jre-headless"],
                &["java-21-openjdk-headless"],
                &["openjdk"],
            ],
            Need::NewerJava => [
                &["openjdk-17-jre-headless"],
                &["java-21-openjdk-headless"],
                &["openjdk"],
            ],
            Need::Maven => [&["maven"], &["maven"], &["maven"]],
            Need::Xz => [&["xz-utils"], &["xz"], &["xz"]],
            // Elsewhere there is rustup, which has the target.
            Need::Wasm => [&["rustc-web", "rust-web-src", "lld-19"], &[], &[]],
        };
        match self {
            Self::Apt => apt,
            Self::Dnf => dnf,
            Self::Brew => brew,
        }
    }

    /// What a person would type, without `sudo`.
    fn line(self, needs: &[Need]) -> String {
        let install = match self {
            Self::Apt => "apt-get install -y --no-install-recommends",
            Self::Dnf => "dnf install -y",
            Self::Brew => "brew install",
        };
        let packages: Vec<_> = needs
            .iter()
            .flat_map(|need| self.packages(*need))
            .copied()
            .collect();
        format!("{install} {}", packages.join(" "))
    }

    /// What we run. On Debian more than the line: see the script.
    fn script(self, needs: &[Need]) -> String {
        match self {
            Self::Apt => format!("{}\n{}", include_str!("apt.sh"), self.line(needs)),
            Self::Dnf | Self::Brew => self.line(needs),
        }
    }
}

/// Installs the packages for `needs`, showing the line it stands for.
///
/// # Errors
/// [`ENVIRONMENT`] with the line to type, when there is no package manager
/// that we know or no right to use it without a password.
pub(super) fn install(needs: &[Need]) -> Result<()> {
    let Some(manager) = Manager::here() else {
        let line = Manager::Apt.line(needs);
        return Err(lacking(&format!(
            "the names they have here; on Debian: {line}"
        )));
    };
    let line = manager.line(needs);
    let rights: &[&str] = match manager {
        Manager::Brew => &[],
        _ if is_root() => &[],
        _ if process::ask("sudo", ["-n", "true"]).is_some() => &["sudo", "-n"],
        _ => return Err(lacking(&format!("sudo {line}"))),
    };
    say::line(format_args!("installing: {line}"));
    let script = manager.script(needs);
    let words = [rights, &["sh", "-ec", &script]].concat();
    process::run(Command::new(words[0]).args(&words[1..]))
        .map_err(|_| Exit::new(ENVIRONMENT, format!("`{line}` did not work, see above")).into())
}

/// Servers and package managers treat root differently.
pub(super) fn is_root() -> bool {
    process::ask("id", ["-u"]).is_some_and(|id| id.trim() == "0")
}

fn lacking(remedy: &str) -> anyhow::Error {
    Exit::new(
        ENVIRONMENT,
        format!("packages are missing; install them by\n  {remedy}"),
    )
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_installs_all_that_is_missing() {
        let needs = [Need::Compiler, Need::OpenSsl, Need::Postgres];
        assert_eq!(
            Manager::Apt.line(&needs),
            "apt-get install -y --no-install-recommends gcc g++ libssl-dev postgresql"
        );
        assert_eq!(
            Manager::Dnf.line(&needs),
            "dnf install -y gcc gcc-c++ openssl-devel postgresql-server"
        );
        assert_eq!(
            Manager::Brew.line(&needs),
            "brew install openssl@3 postgresql@17"
        );
    }

    #[test]
    fn debian_is_told_to_start_no_server_of_its_own() {
        let script = Manager::Apt.script(&[Need::Postgres]);
        assert!(script.contains("create_main_cluster = false"));
        assert!(script.ends_with("postgresql"));
    }
}
