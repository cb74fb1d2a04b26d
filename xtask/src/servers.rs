//! `up` and `down`: one sandbox process that outlives the command and is found
//! again by its pid. Which servers it runs, and on which ports, only the
//! sandbox knows.

use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::setup::{self, Scope};
use crate::{paths, process, say};

/// A cold JVM on two busy cores needs a quarter of this; longer means that it
/// will not come.
const START_MAX: Duration = Duration::from_secs(60);
/// Far more than Kafka's controlled shutdown takes.
const STOP_MAX: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// What the sandbox prints: an address a line, then [`READY`].
const ADDRESSES: &str = "up.addresses";
const READY: &str = "ready";
/// What it complains about.
const LOG: &str = "up.log";
const PID: &str = "up.pid";

/// Starts the servers unless they run, waits until they answer, prints where.
pub(crate) fn up() -> Result<()> {
    setup::run(Scope::Everything)?;
    setup::mention_jaeger()?;
    let _alone = lock()?;
    if running()?.is_none() {
        let build = [
            "build",
            "--release",
            "--package",
            "plimsoll-sandbox",
            "--bin",
            "sandbox",
        ];
        process::run(&mut process::cargo(build)?)?;
        let mut sandbox = start()?;
        if let Err(error) = wait_until_ready(&mut sandbox) {
            sandbox.kill()?;
            return Err(error);
        }
    }
    let addresses = fs::read_to_string(file(ADDRESSES)?)?;
    for address in addresses.lines().take_while(|line| *line != READY) {
        say::line(address);
    }
    Ok(())
}

/// Asks the servers to end and waits until they have.
pub(crate) fn down() -> Result<()> {
    let _alone = lock()?;
    let Some(pid) = running()? else {
        say::line("nothing is running");
        return Ok(());
    };
    process::run(Command::new("sh").args(["-c", "kill -TERM \"$0\"", &pid]))?;
    if !within(STOP_MAX, || Ok(running()?.is_none()))? {
        let log = file(LOG)?;
        bail!(
            "process {pid} does not end after SIGTERM; see {}",
            log.display()
        );
    }
    say::line("stopped");
    Ok(())
}

/// In a process group of its own, so that Ctrl-C at the terminal that typed
/// `up` does not end the servers. Cargo becomes the sandbox and keeps its pid.
fn start() -> Result<Child> {
    let mut command = process::cargo_run("sandbox")?;
    command.arg("up").process_group(0).stdin(Stdio::null());
    command
        .stdout(File::create(file(ADDRESSES)?)?)
        .stderr(File::create(file(LOG)?)?);
    let sandbox = command.spawn().context("starting the sandbox")?;
    fs::write(file(PID)?, sandbox.id().to_string())?;
    Ok(sandbox)
}

fn wait_until_ready(sandbox: &mut Child) -> Result<()> {
    let (addresses, log) = (file(ADDRESSES)?, file(LOG)?);
    let ready = within(START_MAX, || {
        if let Some(status) = sandbox.try_wait()? {
            bail!("the sandbox ended: {status}\n{}", fs::read_to_string(&log)?);
        }
        Ok(fs::read_to_string(&addresses)?
            .lines()
            .any(|line| line == READY))
    })?;
    if !ready {
        let said = fs::read_to_string(&log)?;
        bail!(
            "the servers are not ready after {} s\n{said}",
            START_MAX.as_secs()
        );
    }
    Ok(())
}

/// The pid of the sandbox that `up` started, if it is alive. A pid that now
/// belongs to another program counts as not running: it must never be killed.
fn running() -> Result<Option<String>> {
    let Ok(pid) = fs::read_to_string(file(PID)?) else {
        return Ok(None);
    };
    Ok(command_line(&pid)
        .filter(|line| is_sandbox(line))
        .map(|_| pid))
}

/// From `/proc` where there is one, since small images have no `ps`.
fn command_line(pid: &str) -> Option<String> {
    let words = fs::read_to_string(format!("/proc/{pid}/cmdline")).ok();
    let line = words.map(|words| words.replace('\0', " "));
    line.or_else(|| process::ask("ps", ["-o", "args=", "-p", pid]))
}

fn is_sandbox(command_line: &str) -> bool {
    let mut words = command_line.split_whitespace();
    let program = words.next().unwrap_or_default();
    program.ends_with("/sandbox") && words.next() == Some("up")
}

/// One `up` or `down` at a time.
fn lock() -> Result<File> {
    let file = File::create(file("up.lock")?)?;
    file.lock()?;
    Ok(file)
}

/// A file of the running servers; makes their folder.
fn file(name: &str) -> Result<PathBuf> {
    let folder = paths::cache()?.join("run");
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    Ok(folder.join(name))
}

fn within(limit: Duration, mut holds: impl FnMut() -> Result<bool>) -> Result<bool> {
    let started = Instant::now();
    loop {
        if holds()? {
            return Ok(true);
        }
        if started.elapsed() > limit {
            return Ok(false);
        }
        thread::sleep(BETWEEN_LOOKS);
    }
}

#[cfg(test)]
mod tests {
    use super::is_sandbox;

    #[test]
    fn only_the_sandbox_itself_is_ever_stopped() {
        assert!(is_sandbox("target/release/sandbox up "));
        assert!(!is_sandbox("/usr/bin/vim crates/sandbox up"));
        assert!(!is_sandbox("target/release/sandbox"));
        assert!(!is_sandbox(""));
    }
}
