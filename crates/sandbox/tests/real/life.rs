//! Whatever happens to the owner, nothing it started outlives it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

/// `sandbox up`, with a temp folder of its own so that what it leaves there can be seen.
struct Up {
    process: Child,
    temp: PathBuf,
    servers: Vec<String>,
}

impl Up {
    fn start(name: &str) -> Result<Up> {
        let folder = format!("plimsoll-life-{name}-{}", std::process::id());
        let temp = std::env::temp_dir().join(folder);
        fs::create_dir(&temp)?;
        let mut process = Command::new(env!("CARGO_BIN_EXE_sandbox"))
            .arg("up")
            .env("TMPDIR", &temp)
            .stdout(Stdio::piped())
            .spawn()?;
        let printed = process.stdout.take().context("a pipe was asked for")?;
        let mut up = Up {
            process,
            temp,
            servers: Vec::new(),
        };
        let mut lines = BufReader::new(printed).lines().map_while(Result::ok);
        let addresses = lines.by_ref().take_while(|line| line != "ready").count();
        ensure!(addresses >= 2, "Kafka and PostgreSQL, at least");
        up.servers = servers_in(&up.temp)?;
        ensure!(!up.is_gone(), "it is up");
        Ok(up)
    }

    fn is_gone(&self) -> bool {
        let nothing_left = fs::read_dir(&self.temp).is_ok_and(|mut left| left.next().is_none());
        nothing_left && !self.servers.iter().any(|process| runs(process))
    }

    fn goes_within(&self, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        while !self.is_gone() {
            ensure!(
                Instant::now() < deadline,
                "something is left in {}",
                self.temp.display()
            );
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Up {
    /// After a failure, too.
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
        drop(fs::remove_dir_all(&self.temp));
    }
}

/// Each server's folder names its process.
fn servers_in(temp: &Path) -> Result<Vec<String>> {
    fs::read_dir(temp)?
        .map(|folder| {
            Ok(fs::read_to_string(folder?.path().join("pid"))?
                .trim()
                .to_owned())
        })
        .collect()
}

/// A zombie, which only whoever adopted it can remove, does not.
fn runs(process: &str) -> bool {
    fs::read_to_string(format!("/proc/{process}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn servers_and_folders_go_when_the_owner_is_killed() -> Result<()> {
    let mut up = Up::start("killed")?;
    up.process.kill()?;
    up.process.wait()?;
    up.goes_within(Duration::from_secs(30))
}

#[test]
fn servers_and_folders_go_when_the_owner_is_told_to_end() -> Result<()> {
    let mut up = Up::start("ended")?;
    Command::new("sh")
        .args(["-c", "kill -s TERM $0", &up.process.id().to_string()])
        .status()?;
    ensure!(up.process.wait()?.success(), "SIGTERM is an orderly end");
    ensure!(up.is_gone(), "nothing is left to be done after the end");
    Ok(())
}

#[test]
fn servers_and_folders_go_when_the_owner_panics() {
    let process = thread::spawn(|| {
        let cluster = plimsoll_sandbox::postgres::Cluster::start(&[]).expect("PostgreSQL starts");
        let process = cluster.pid();
        std::panic::panic_any(process);
    });
    let panic = process.join().expect_err("it panicked");
    let process: &u32 = panic.downcast_ref().expect("with the process id");
    assert!(!runs(&process.to_string()));
}
