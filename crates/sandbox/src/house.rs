//! A throw-away folder, the one server that lives in it, and the warden that ends both when the
//! owner is gone. It does not know what kind of server that is.
//!
//! The warden is a small shell process that waits for the end of a pipe whose other end only this
//! process has. The kernel closes that end whatever way the process goes, also by SIGKILL. (The
//! kernel's parent-death signal would not do: it follows the *thread* that started the server, and
//! leaves the folder behind.) Both live in process groups of their own, so that Ctrl-C in a
//! terminal reaches only the owner, who may still have work to finish with them.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::account::Account;
use crate::wait;

/// How long a server may take to end by itself before it is killed.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// How long a server may take until it listens.
const OPEN_LIMIT: Duration = Duration::from_secs(30);

/// Lines of a server's log that go into an error message.
const LOG_TAIL_LINES: usize = 15;

/// Arguments: the folder, and the signal the server likes best. The server is killed after five
/// seconds; the folder is tried again while what is left of the server still writes into it. A disk
/// that is mounted there would keep it.
const WARDEN: &str = r#"
trap '' INT TERM HUP
read -r _
if pid=$(cat "$1/pid" 2>/dev/null); then
    kill -s "$2" "$pid"
    tries=0
    while kill -0 "$pid" && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
    kill -s KILL "$pid"
fi
[ ! -d "$1/disk" ] || umount -l "$1/disk"
tries=0
until rm -rf -- "$1" || [ "$tries" -ge 50 ]; do sleep 0.1; tries=$((tries + 1)); done
"#;

/// Writes its process id down *before* it becomes the server, so that there is no moment in which
/// a server runs that the warden cannot find.
const LAUNCH: &str = r#"echo $$ > "$0" && exec "$@""#;

/// Dropping it ends the server and removes the folder.
pub(crate) struct House {
    folder: PathBuf,
    account: Account,
    signal: &'static str,
    server: Option<Child>,
    warden: Child,
}

impl House {
    /// Makes the folder. `signal` (`QUIT`, `KILL`, …) is what ends the server quickest without
    /// leaving anything behind.
    pub(crate) fn new(kind: &str, signal: &'static str, account: Account) -> Result<House> {
        let folder = account
            .temp_dir()
            .join(format!("plimsoll-{kind}-{:016x}", rand::random::<u64>()));
        DirBuilder::new()
            .mode(0o700)
            .create(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        let warden = appoint_warden(&folder, signal)?;
        let house = House {
            folder,
            account,
            signal,
            server: None,
            warden,
        };
        account.give(&house.folder)?;
        Ok(house)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Starts the server; its output goes to the log.
    pub(crate) fn launch<A: AsRef<OsStr>>(
        &mut self,
        program: &Path,
        arguments: impl IntoIterator<Item = A>,
    ) -> Result<()> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))?;
        let mut command = Command::new("sh");
        command
            .args(["-c", LAUNCH])
            .arg(self.pid_file())
            .arg(program)
            .args(arguments);
        command.current_dir("/").process_group(0);
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        self.account.run(&mut command);
        let server = command
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        self.server = Some(server);
        Ok(())
    }

    /// The running server's process id.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// How the server ended, if it did.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        match &mut self.server {
            Some(server) => Ok(server.try_wait()?),
            None => Ok(None),
        }
    }

    /// Waits until the server listens on all of these ports of this machine.
    pub(crate) fn until_open(&mut self, name: &str, ports: &[u16]) -> Result<()> {
        let alive = wait::until(OPEN_LIMIT, &format!("the start of {name}"), || {
            if self.ended()?.is_some() {
                return Ok(Some(false));
            }
            let open = |&port: &u16| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
            Ok(ports.iter().all(open).then_some(true))
        })?;
        ensure!(alive, "{name} did not start:\n{}", self.log_tail());
        Ok(())
    }

    /// Sends the signal and waits until the server is gone; kills it if that takes too long.
    pub(crate) fn end(&mut self, signal: &str) -> Result<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        send(signal, server.id())?;
        if wait::until(END_PATIENCE, "the end of the server", || {
            Ok(server.try_wait()?)
        })
        .is_err()
        {
            server.kill()?;
            server.wait()?;
        }
        fs::remove_file(self.pid_file()).context("cannot forget the server's process id")
    }

    /// The last lines the server printed.
    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read(self.folder.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join("pid")
    }
}

impl Drop for House {
    fn drop(&mut self) {
        // Failures are left to the warden, which does the same and does not depend on us.
        drop(self.end(self.signal));
        drop(self.warden.stdin.take());
        drop(self.warden.wait());
    }
}

fn appoint_warden(folder: &Path, signal: &str) -> Result<Child> {
    Command::new("sh")
        .args(["-c", WARDEN, "plimsoll-warden"])
        .arg(folder)
        .arg(signal)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start `sh`")
}

/// By the shell's own `kill`: a slim image has no other.
fn send(signal: &str, pid: u32) -> Result<()> {
    Command::new("sh")
        .args(["-c", r#"kill -s "$0" "$1""#, signal, &pid.to_string()])
        .stderr(Stdio::null())
        .status()
        .context("cannot start `sh`")?;
    Ok(())
}
