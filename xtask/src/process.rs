//! Other programs: run to their end, asked for a line, or become. Their exit
//! codes are passed on unchanged; it does not know what they are for.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitCode, ExitStatus, Stdio};
use std::thread::available_parallelism;

use anyhow::{Context, Result};

use crate::paths;

/// Exit code: wrong usage.
pub(crate) const USAGE: u8 = 2;
/// Exit code: the machine lacks something.
pub(crate) const ENVIRONMENT: u8 = 3;

/// An error that decides the exit code; any other error exits 1.
#[derive(Debug)]
pub(crate) struct Exit {
    code: u8,
    message: String,
}

impl Exit {
    /// `message` may be empty when a child has already said what is wrong.
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Exit {}

/// The exit code an error stands for.
pub(crate) fn code_of(error: &anyhow::Error) -> ExitCode {
    error
        .downcast_ref::<Exit>()
        .map_or(ExitCode::FAILURE, |exit| exit.code.into())
}

/// Cargo, in this repository, compiling into the shared target folder.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<Command> {
    let program = paths::variable("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(paths::repository())
        .env("CARGO_TARGET_DIR", paths::target()?);
    Ok(command)
}

/// Lets twice as many tests run at a time as there are cores, unless the environment says how many:
/// most of them wait for servers most of the time.
pub(crate) fn double_test_threads(tests: &mut Command) -> Result<()> {
    const THREADS: &str = "RUST_TEST_THREADS";
    if paths::variable(THREADS).is_none() {
        tests.env(THREADS, (2 * available_parallelism()?.get()).to_string());
    }
    Ok(())
}

/// Cargo running one of the workspace's binaries, optimised as everything is. No package is named:
/// features are then those of the whole workspace, and nothing that tests use is compiled twice.
pub(crate) fn cargo_run(binary: &str) -> Result<Command> {
    cargo(["run", "--release", "--bin", binary, "--"])
}

/// Replaces this process with a binary of the workspace: its exit code, and
/// every signal sent to us, are then its own. Cargo does the same, so nothing
/// is left in between. Returns only if that failed.
pub(crate) fn become_binary(
    binary: &str,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<()> {
    let error = cargo_run(binary)?.args(arguments).exec();
    Err(error).with_context(|| format!("running {binary}"))
}

/// Runs to the end with our own stdout and stderr.
///
/// # Errors
/// An [`Exit`] with the program's code if that is not 0; 128 + the signal's
/// number if one ended it.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = typed(command);
    let status = command
        .status()
        .with_context(|| format!("running `{name}`"))?;
    passed(&name, status)
}

/// Runs to the end with our own stderr, and answers what it wrote to stdout.
///
/// # Errors
/// As [`run`]; text that is not UTF-8.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let name = typed(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("running `{name}`"))?;
    passed(&name, output.status)?;
    String::from_utf8(output.stdout).with_context(|| format!("reading what `{name}` says"))
}

fn passed(name: &str, status: ExitStatus) -> Result<()> {
    if status.success() {
        return Ok(());
    }
    let code = status
        .code()
        .or_else(|| Some(128 + status.signal()?))
        .unwrap_or(1);
    Err(Exit::new(
        u8::try_from(code).unwrap_or(1),
        format!("`{name}` failed: {status}"),
    )
    .into())
}

/// All that a program writes, or `None` if it cannot be run or fails.
pub(crate) fn ask<S: AsRef<OsStr>>(
    program: impl AsRef<OsStr>,
    arguments: impl IntoIterator<Item = S>,
) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let both = [output.stdout, output.stderr].concat();
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&both).into_owned())
}

/// A command as one would type it.
pub(crate) fn typed(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words: Vec<_> = [program]
        .into_iter()
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<()> {
        run(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn a_childs_exit_code_becomes_ours() {
        shell("exit 0").expect("0 is success");
        for (script, code) in [("exit 7", 7), ("kill -TERM $$", 143)] {
            let error = shell(script).expect_err("not 0");
            assert_eq!(
                error.downcast_ref::<Exit>().map(|exit| exit.code),
                Some(code)
            );
        }
    }

    #[test]
    fn what_a_child_says_is_read_unless_it_fails() {
        let read = |script| read(Command::new("sh").args(["-c", script]));
        assert_eq!(read("echo yes").expect("it passes"), "yes\n");
        let error = read("echo no; exit 7").expect_err("not 0");
        assert_eq!(error.downcast_ref::<Exit>().map(|it| it.code), Some(7));
    }

    #[test]
    fn a_program_that_fails_or_is_not_there_has_no_answer() {
        assert_eq!(ask("sh", ["-c", "echo yes"]).as_deref(), Some("yes\n"));
        assert_eq!(ask("sh", ["-c", "echo no; exit 1"]), None);
        assert_eq!(ask("no-such-program", [""; 0]), None);
    }
}
