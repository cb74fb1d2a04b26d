//! A private PostgreSQL in a throw-away folder. It does not know Plimsoll's schema.

mod replica;

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DbErr, RuntimeErr};

use crate::account::Account;
use crate::house::House;
use crate::{cpu, ports, tools, wait};

/// The user of every connection; trusted, no password.
const USER: &str = "plimsoll";

/// Long enough for crash recovery on a busy machine.
const READY_LIMIT: Duration = Duration::from_secs(60);

/// After a kill, what is left of the old server needs a second or two to notice; until then a new
/// one is refused the folder.
const VACANT_LIMIT: Duration = Duration::from_secs(15);

/// A session that was just closed may still be seen in a template database for a moment.
const TEMPLATE_LIMIT: Duration = Duration::from_secs(10);

/// Settings that all have; a caller's come later in the file and win. No socket in the file
/// system: its path may be at most 107 bytes long, and temp folders can be longer.
const SETTINGS: [(&str, &str); 4] = [
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("shared_buffers", "64MB"),
    ("max_connections", "200"),
];

/// A running (or stopped) server of our own. Dropping it ends it and removes its data.
pub struct Cluster {
    house: House,
    account: Account,
    bin: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes a cluster on a free port and starts it: about a second. `settings` are lines of
    /// `postgresql.conf`, by name and value. The encoding is UTF-8, the locale `C`.
    ///
    /// # Errors
    /// PostgreSQL is missing (the message says what to do) or refuses to start (its log is quoted).
    pub fn start(settings: &[(&str, &str)]) -> Result<Cluster> {
        ports::start_on(ports::free()?, |port| Cluster::start_on(port, settings))
    }

    /// The same on a given port.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_on(port: u16, settings: &[(&str, &str)]) -> Result<Cluster> {
        Cluster::make(port, &tools::postgres_bin()?, settings)
    }

    /// The same with the programs of this folder, one of [`tools::postgres_versions`].
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_from(bin: &Path, settings: &[(&str, &str)]) -> Result<Cluster> {
        ports::start_on(ports::free()?, |port| Cluster::make(port, bin, settings))
    }

    fn make(port: u16, bin: &Path, settings: &[(&str, &str)]) -> Result<Cluster> {
        let account = Account::for_postgres()?;
        let house = house(account)?;
        let mut cluster = Cluster {
            bin: within_reach(bin, &house, account)?,
            house,
            account,
            port,
        };
        cluster.initialise()?;
        cluster.configure(settings)?;
        cluster.launch()?;
        ensure!(
            cluster.becomes_ready()?,
            "PostgreSQL did not start:\n{}",
            cluster.house.log_tail()
        );
        Ok(cluster)
    }

    /// Where to connect for a database of this cluster.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server's first process.
    ///
    /// # Panics
    /// If it has been stopped.
    pub fn pid(&self) -> u32 {
        self.house.pid().expect("a stopped server has no process")
    }

    /// User and system time spent by all processes of the server since it was started, in steps of
    /// 10 ms; sessions that ended are in it. Zero when stopped, and where there is no `/proc`.
    pub fn server_cpu(&self) -> Duration {
        self.house.pid().map(cpu::of_family).unwrap_or_default()
    }

    /// Makes a database, empty or as a copy of `template`, which nobody may be connected to.
    /// A copy of a small one takes 0.1 s. Blocks; may be called from async code all the same.
    ///
    /// # Errors
    /// The server refuses, or cannot be reached.
    pub fn create_database(&self, name: &str, template: Option<&str>) -> Result<()> {
        let template = template
            .map(|name| format!(" template {}", quoted(name)))
            .unwrap_or_default();
        let statement = format!("create database {}{template}", quoted(name));
        wait::until(
            TEMPLATE_LIMIT,
            "the last session's end in the template",
            || match self.execute(&statement) {
                Ok(()) => Ok(Some(())),
                Err(error) if sqlstate(&error).as_deref() == Some("55006") => Ok(None),
                Err(error) => Err(error).context(statement.clone()),
            },
        )
    }

    /// Crashes the server: every session ends at once, nothing is flushed.
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn stop_immediate(&mut self) -> Result<()> {
        self.house.end("QUIT")
    }

    /// Kills the server's first process; the others notice within a second or two.
    ///
    /// # Errors
    /// The signal cannot be sent.
    pub fn kill9(&mut self) -> Result<()> {
        self.house.end("KILL")
    }

    /// Starts a stopped server again on the same port and data, and waits for its recovery.
    ///
    /// # Errors
    /// It does not start (its log is quoted).
    pub fn start_again(&mut self) -> Result<()> {
        let deadline = Instant::now() + VACANT_LIMIT;
        loop {
            self.launch()?;
            if self.becomes_ready()? {
                return Ok(());
            }
            self.house.end("QUIT")?;
            if Instant::now() >= deadline {
                bail!("PostgreSQL did not start again:\n{}", self.house.log_tail());
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn initialise(&self) -> Result<()> {
        let mut command = Command::new(self.bin.join("initdb"));
        command.arg("-D").arg(self.data()).args([
            "-U",
            USER,
            "--auth=trust",
            "--locale=C",
            "-E",
            "UTF8",
        ]);
        command
            .args(["--data-checksums", "--no-sync"])
            .current_dir("/");
        self.account.run(&mut command);
        let answer = command.output().context("cannot run initdb")?;
        ensure!(
            answer.status.success(),
            "initdb failed: {}",
            String::from_utf8_lossy(&answer.stderr)
        );
        Ok(())
    }

    fn configure(&self, settings: &[(&str, &str)]) -> Result<()> {
        let mut file = File::options()
            .append(true)
            .open(self.data().join("postgresql.conf"))?;
        writeln!(file, "port = {}", self.port)?;
        for (name, value) in SETTINGS.iter().chain(settings) {
            writeln!(file, "{name} = '{}'", value.replace('\'', "''"))?;
        }
        Ok(())
    }

    /// As our own child, not through `pg_ctl`, which detaches it. macOS wants a locale in the
    /// environment, or the server takes itself for multi-threaded.
    fn launch(&mut self) -> Result<()> {
        let data = self.data();
        let server = self.bin.join("postgres");
        self.house.launch(
            "env".as_ref(),
            [
                "LC_ALL=C".as_ref(),
                server.as_os_str(),
                "-D".as_ref(),
                data.as_os_str(),
            ],
        )
    }

    /// False: it ended instead.
    fn becomes_ready(&mut self) -> Result<bool> {
        wait::until(READY_LIMIT, "the start of PostgreSQL", || {
            if self.house.ended()?.is_some() {
                return Ok(Some(false));
            }
            Ok(self.says_ready().then_some(true))
        })
    }

    /// What `pg_ctl` looks at, too: the first line of the lock file is the process id, the eighth
    /// the state, `standby` for one that follows another. The id tells it from a file that a killed server left.
    fn says_ready(&self) -> bool {
        let lock = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let mut lines = lock.lines().map(str::trim);
        let process = lines.next().and_then(|line| line.parse().ok());
        process.is_some()
            && process == self.house.pid()
            && lines
                .nth(6)
                .is_some_and(|state| ["ready", "standby"].contains(&state))
    }

    fn data(&self) -> PathBuf {
        self.house.folder().join("data")
    }

    fn execute(&self, statement: &str) -> Result<(), DbErr> {
        let url = self.url("postgres");
        // On a thread of its own, because the caller may be inside a runtime already.
        thread::scope(|scope| scope.spawn(|| execute(url, statement)).join())
            .map_err(|_| DbErr::Custom("the statement's thread panicked".into()))?
    }
}

/// An immediate shutdown also frees the shared memory, which a kill would leave behind.
fn house(account: Account) -> Result<House> {
    House::new("postgres", "QUIT", account)
}

/// Programs in a folder that is closed to the server's user are copied to where it can run them.
fn within_reach(bin: &Path, house: &House, account: Account) -> Result<PathBuf> {
    if account.can_enter(bin) {
        return Ok(bin.to_owned());
    }
    let version = bin.parent().context("programs without a folder")?;
    let copy = house.folder().join("programs");
    copied(version, &copy)?;
    Ok(copy.join("bin"))
}

/// With owners, rights and links.
fn copied(from: &Path, to: &Path) -> Result<()> {
    let mut copy = Command::new("cp");
    let answer = copy.arg("-a").arg(from).arg(to).output();
    let answer = answer.context("cannot run `cp`")?;
    ensure!(
        answer.status.success(),
        "cannot copy {}: {}",
        from.display(),
        String::from_utf8_lossy(&answer.stderr)
    );
    Ok(())
}

fn execute(url: String, statement: &str) -> Result<(), DbErr> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| DbErr::Custom(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let connection = Database::connect(options).await?;
        let answer = connection.execute_unprepared(statement).await;
        connection.close().await?;
        answer.map(drop)
    })
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn sqlstate(error: &DbErr) -> Option<String> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error))) =
        error
    else {
        return None;
    };
    Some(error.as_database_error()?.code()?.into_owned())
}
