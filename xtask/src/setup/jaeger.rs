//! Jaeger, which shows spans: built from its Go module, and only on request, because that takes
//! long. It comes without its page; the API answers.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::once::once;
use crate::paths;
use crate::process::{self, ENVIRONMENT, Exit};

const MODULE: &str = "github.com/jaegertracing/jaeger@v1.76.0";
/// Where the sandbox looks for it, in the tools.
const NAME: &str = "jaeger";
/// The oldest Go 1.x that compiles the module.
const GO_MINOR_MIN: u32 = 24;
/// Where Go's own archive unpacks to; not everybody has that on the path.
const GO_HOME: &str = "/usr/local/go/bin/go";

/// The program, built if it is not there.
///
/// # Errors
/// Exit code 3: there is no Go that can build it (the message says what to type), or the module
/// cannot be fetched.
pub(super) fn jaeger() -> Result<PathBuf> {
    let doing = "building Jaeger by Go: ten minutes and 1 GB of Go's own cache";
    let folder = once(NAME, doing, |folder| build(&go()?, &folder.join(NAME)))?;
    Ok(folder.join(NAME))
}

pub(super) fn is_there() -> Result<bool> {
    Ok(paths::tools()?.join(NAME).is_dir())
}

/// Built inside the downloaded module: `go install` refuses a module that replaces others, and
/// only there do its own replacements and checksums hold.
fn build(go: &Path, program: &Path) -> Result<()> {
    process::run(in_folder(
        program.parent(),
        Command::new(go).args(["mod", "download", MODULE]),
    ))?;
    let asked = ["list", "-m", "-f", "{{.Dir}}", MODULE];
    let module = process::ask(go, asked).context("Go does not say where it put the module")?;
    let mut command = Command::new(go);
    command
        .args(["build", "-mod=readonly", "-buildvcs=false", "-trimpath"])
        .args(["-ldflags", "-s -w", "-o"])
        .args([program.as_os_str(), OsStr::new("./cmd/jaeger")])
        .env("GOWORK", "off");
    process::run(in_folder(Some(Path::new(module.trim())), &mut command))
}

fn in_folder<'a>(folder: Option<&Path>, command: &'a mut Command) -> &'a mut Command {
    match folder {
        Some(folder) => command.current_dir(folder),
        None => command,
    }
}

fn go() -> Result<PathBuf> {
    let known = paths::on_path("go").into_iter().chain([GO_HOME.into()]);
    let new_enough = |go: &PathBuf| {
        let version = process::ask(go, ["version"]);
        version.and_then(|it| minor(&it)) >= Some(GO_MINOR_MIN)
    };
    known.into_iter().find(new_enough).ok_or_else(|| {
        let remedy = format!(
            "Jaeger is built by Go 1.{GO_MINOR_MIN} or newer, and there is none; unpack \
             https://go.dev/dl/ to /usr/local, then type\n  cargo xtask setup --jaeger"
        );
        Exit::new(ENVIRONMENT, remedy).into()
    })
}

/// From `go version go1.26.8 linux/amd64`.
fn minor(answer: &str) -> Option<u32> {
    let (_, version) = answer.split_once("go1.")?;
    version
        .split(|c: char| !c.is_ascii_digit())
        .next()?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn the_minor_version_is_read_from_what_go_says() {
        assert_eq!(minor("go version go1.26.8 linux/amd64\n"), Some(26));
        assert_eq!(minor("go version go1.25rc1 darwin/arm64"), Some(25));
        assert_eq!(minor("go version devel +abc"), None);
    }
}
