//! A small disk in memory, which can be full, and can be given room again. It does not know who
//! writes to it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::account::Account;
use crate::house::House;

/// A mounted disk that a PostgreSQL of the sandbox may write to. Dropping it unmounts it, and all
/// that is on it is gone: stop first who writes there.
pub struct Disk {
    house: House,
}

impl Disk {
    /// Mounts an empty one.
    ///
    /// # Errors
    /// The system does not let us mount: that takes root, and a container often forbids it.
    pub fn mount(megabytes: u32) -> Result<Disk> {
        let account = Account::for_postgres()?;
        let disk = Disk {
            house: House::new("disk", "KILL", account)?,
        };
        fs::create_dir(disk.folder())?;
        disk.mounted(&format!("size={megabytes}m,mode=0700"))?;
        account.give(&disk.folder())?;
        Ok(disk)
    }

    /// Where it is mounted.
    pub fn folder(&self) -> PathBuf {
        self.house.folder().join("disk")
    }

    /// Makes it larger; what is on it stays.
    ///
    /// # Errors
    /// As [`Disk::mount`].
    pub fn grow(&self, megabytes: u32) -> Result<()> {
        self.mounted(&format!("remount,size={megabytes}m"))
    }

    fn mounted(&self, options: &str) -> Result<()> {
        mount(options, &self.folder())
    }
}

fn mount(options: &str, folder: &Path) -> Result<()> {
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", options, "tmpfs"]);
    let answer = command.arg(folder).output().context("cannot run `mount`")?;
    ensure!(
        answer.status.success(),
        "no small disk can be mounted here: {}",
        String::from_utf8_lossy(&answer.stderr).trim()
    );
    Ok(())
}
