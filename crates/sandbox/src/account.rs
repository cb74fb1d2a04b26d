//! The user a server runs as: ourselves, or an unprivileged one where the server refuses root.

use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};

/// `nobody`, by number: it is the same everywhere, and no account has to be made for us.
const NOBODY: u32 = 65_534;

/// Who runs a server and owns its folder.
#[derive(Clone, Copy)]
pub(crate) struct Account {
    /// `None`: whoever we are.
    id: Option<u32>,
}

impl Account {
    /// Ourselves.
    pub(crate) fn ours() -> Account {
        Account { id: None }
    }

    /// PostgreSQL refuses to run as root; for anybody else it is ourselves.
    pub(crate) fn for_postgres() -> Result<Account> {
        let answer = Command::new("id")
            .arg("-u")
            .output()
            .context("cannot run `id -u`")?;
        let root = answer.stdout.trim_ascii() == b"0";
        Ok(Account {
            id: root.then_some(NOBODY),
        })
    }

    /// Makes the command run as this user, without any of our groups.
    pub(crate) fn run(self, command: &mut Command) {
        if let Some(id) = self.id {
            command.uid(id).gid(id);
        }
    }

    /// Gives this user a file or folder of ours.
    pub(crate) fn give(self, path: &Path) -> Result<()> {
        let Some(id) = self.id else { return Ok(()) };
        chown(path, Some(id), Some(id))
            .with_context(|| format!("cannot hand {} to user {id}", path.display()))
    }

    /// Whether this user can reach what is in the folder: each folder above it must be searchable.
    pub(crate) fn can_enter(self, folder: &Path) -> bool {
        let Some(id) = self.id else {
            return folder.is_dir();
        };
        folder.ancestors().all(|step| {
            fs::metadata(step).is_ok_and(|step| {
                let bits = step.permissions().mode();
                bits & 0o001 != 0 || (step.uid() == id && bits & 0o100 != 0)
            })
        })
    }

    /// Where this user's throw-away folders go: the system's temp folder, unless a private one
    /// of ours is set that this user cannot enter.
    pub(crate) fn temp_dir(self) -> PathBuf {
        let folder = env::temp_dir();
        if self.can_enter(&folder) {
            folder
        } else {
            PathBuf::from("/tmp")
        }
    }
}
