//! A second server that follows the first: physical replication. It can be cut off, so that it lags
//! by whatever comes after, and then take the first one's place. It does not decide when.

use std::fs::{self, File};
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Cluster, USER, copied, house};
use crate::{ports, wait};

/// For a receiver of changes to notice that it is no longer wanted.
const CUT_LIMIT: Duration = Duration::from_secs(10);

/// Ends the receiver; the file of settings is written by the server itself.
const CUT_OFF: [&str; 2] = [
    "ALTER SYSTEM SET primary_conninfo = ''",
    "SELECT pg_reload_conf()",
];

/// Fails as long as there is a receiver.
const IS_CUT_OFF: &str = "SELECT 1 / (count(*) = 0)::int FROM pg_stat_wal_receiver";

impl Cluster {
    /// Starts a server that follows this one, which is stopped for the second that copying takes.
    ///
    /// # Errors
    /// One of the two does not start (its log is quoted), or the folder cannot be copied.
    pub fn replica(&mut self) -> Result<Cluster> {
        self.house.end("INT")?;
        let mut replica = Cluster {
            house: house(self.account)?,
            account: self.account,
            bin: self.bin.clone(),
            port: ports::free()?,
        };
        copied(&self.data(), &replica.data())?;
        let signal = replica.data().join("standby.signal");
        File::create(&signal)?;
        replica.account.give(&signal)?;
        let from = format!("host=127.0.0.1 port={} user={USER}", self.port);
        replica.set("port", &replica.port.to_string())?;
        replica.set("primary_conninfo", &from)?;
        self.start_again()?;
        replica.start_again()?;
        Ok(replica)
    }

    /// Cuts a replica off: what the first server does from now on it will never know.
    ///
    /// # Errors
    /// It cannot be reached, or still receives after ten seconds.
    pub fn stop_following(&self) -> Result<()> {
        for statement in CUT_OFF {
            self.execute(statement).context(statement)?;
        }
        wait::until(CUT_LIMIT, "the end of replication", || {
            Ok(self.execute(IS_CUT_OFF).ok())
        })
    }

    /// Puts a replica in the place of a server that was stopped: on its port, first read-only as a
    /// replica is, then promoted.
    ///
    /// # Errors
    /// It does not start there (its log is quoted), or is not promoted within a minute.
    pub fn take_over(&mut self, stopped: &Cluster) -> Result<()> {
        self.house.end("INT")?;
        self.port = stopped.port;
        self.set("port", &self.port.to_string())?;
        self.start_again()?;
        self.execute("SELECT pg_promote()")
            .context("it is not promoted")
    }

    /// A line at the end of `postgresql.conf`, which wins.
    fn set(&self, name: &str, value: &str) -> Result<()> {
        let file = self.data().join("postgresql.conf");
        let mut file = fs::OpenOptions::new().append(true).open(file)?;
        Ok(writeln!(file, "{name} = '{value}'")?)
    }
}
