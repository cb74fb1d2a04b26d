//! Plimsoll itself, as a stranger runs it: the binary as a child process, a configuration file, HTTP and signals.
//! It knows the published contract only.

pub mod binary;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use plimsoll_sandbox::topics;
use sea_orm::sqlx::{self, Connection, PgConnection};

use crate::checker::Scope;
use crate::servers::{self, unique};

/// For anything that is expected to happen soon, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const PACE: Duration = Duration::from_millis(20);

/// Lines of the service's log that an error quotes.
const LOG_TAIL_LINES: usize = 30;

/// What a configuration file says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `database.url`.
    pub database_url: String,
    /// `kafka.brokers`.
    pub bootstrap: String,
    /// `kafka.topic`.
    pub topic: String,
    /// `kafka.group`: instances of one group share the partitions.
    pub group: String,
    /// More sections, in TOML: `[consumer]\nlanes = 1`.
    pub more: String,
}

impl Settings {
    /// A group of its own and every default.
    pub fn new(database_url: &str, bootstrap: &str, topic: &str) -> Self {
        Self {
            database_url: database_url.to_owned(),
            bootstrap: bootstrap.to_owned(),
            topic: topic.to_owned(),
            group: unique("group"),
            more: String::new(),
        }
    }

    /// Where the checker looks.
    pub fn scope(&self) -> Scope<'_> {
        Scope {
            database_url: &self.database_url,
            bootstrap: &self.bootstrap,
            topic: &self.topic,
        }
    }

    fn toml(&self) -> String {
        let Self {
            database_url,
            bootstrap,
            topic,
            group,
            more,
        } = self;
        format!(
            "[kafka]\nbrokers = \"{bootstrap}\"\ntopic = \"{topic}\"\ngroup = \"{group}\"\n\
             [database]\nurl = \"{database_url}\"\n[admin]\nlisten = \"127.0.0.1:0\"\n{more}\n"
        )
    }
}

/// A folder with a configuration file, removed when dropped.
struct Home {
    folder: PathBuf,
}

impl Home {
    fn new(settings: &Settings) -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!(
            "plimsoll-{}-{}",
            std::process::id(),
            unique("home")
        ));
        fs::create_dir(&folder)?;
        let home = Self { folder };
        fs::write(home.config(), settings.toml())?;
        Ok(home)
    }

    fn config(&self) -> PathBuf {
        self.folder.join("plimsoll.toml")
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn command(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(binary::path()?);
        command
            .args(arguments)
            .arg("--config")
            .arg(self.config())
            .current_dir(&self.folder);
        Ok(command)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        // A folder that stays behind in the temp folder is no reason to fail a test.
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// Runs any other command of the binary and returns what it said, whatever its exit code.
pub fn command(settings: &Settings, arguments: &[&str]) -> anyhow::Result<Output> {
    let home = Home::new(settings)?;
    Ok(home.command(arguments)?.stdin(Stdio::null()).output()?)
}

/// The same, and fails unless it exits with 0. Returns its standard output.
pub fn succeed(settings: &Settings, arguments: &[&str]) -> anyhow::Result<String> {
    let output = command(settings, arguments)?;
    let (said, complaint) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    ensure!(
        output.status.success(),
        "plimsoll {arguments:?}: {}\n{said}{complaint}",
        output.status
    );
    Ok(said.into_owned())
}

/// A running `plimsoll run`. Dropping it kills it.
pub struct Plimsoll {
    child: Child,
    home: Home,
}

impl Plimsoll {
    /// Starts it, and returns at once.
    pub fn start(settings: &Settings) -> anyhow::Result<Self> {
        let home = Home::new(settings)?;
        let log = File::create(home.log())?;
        let mut command = home.command(&["run"])?;
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        Ok(Self {
            child: command.spawn().context("starting plimsoll")?,
            home,
        })
    }

    /// Starts it and waits until it says that it is ready.
    pub fn start_ready(settings: &Settings) -> anyhow::Result<Self> {
        let mut plimsoll = Self::start(settings)?;
        plimsoll.until("/readyz answers 200", |plimsoll| {
            Ok(plimsoll.get("/readyz").is_ok())
        })?;
        Ok(plimsoll)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Host and port of its HTTP server: the system chose the port, and the service says which.
    ///
    /// # Errors
    /// It does not listen yet.
    pub fn address(&self) -> anyhow::Result<String> {
        let log = fs::read_to_string(self.home.log())?;
        let (_, rest) = log.split_once("API on http://").context("nobody listens")?;
        let address = rest.split([' ', '"', '\n']).next();
        Ok(address.context("a line goes on")?.to_owned())
    }

    /// The body that a path of its HTTP server answers with.
    ///
    /// # Errors
    /// Nobody listens, or the status is not 2xx.
    pub fn get(&self, path: &str) -> anyhow::Result<String> {
        let url = format!("http://{}{path}", self.address()?);
        Ok(ureq::get(&url).call()?.body_mut().read_to_string()?)
    }

    /// Waits for a condition; fails with the log's tail when the service ends or a minute passes before.
    pub fn until(
        &mut self,
        what: &str,
        mut holds: impl FnMut(&Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self)? {
            self.ensure_running()?;
            ensure!(
                Instant::now() < deadline,
                "{what}: not within {PATIENCE:?}:\n{}",
                self.log_tail()
            );
            std::thread::sleep(PACE);
        }
        Ok(())
    }

    /// Fails with the log's tail if it has ended.
    pub fn ensure_running(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("plimsoll ended by itself ({status}):\n{}", self.log_tail()),
        }
    }

    /// SIGTERM, and exit code 0 after it.
    pub fn stop(mut self) -> anyhow::Result<()> {
        self.signal("TERM")?;
        let status = self.ended()?;
        ensure!(
            status.success(),
            "plimsoll ended with {status} after SIGTERM:\n{}",
            self.log_tail()
        );
        Ok(())
    }

    /// SIGKILL.
    pub fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGSTOP: it holds whatever it holds, and does nothing.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.signal("STOP")
    }

    /// SIGCONT.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.signal("CONT")
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) -> anyhow::Result<()> {
        let kill = format!("kill -s {name} {}", self.pid());
        let status = Command::new("sh").args(["-c", &kill]).status()?;
        ensure!(status.success(), "{kill}: {status}");
        Ok(())
    }

    /// Waits until it has ended by itself.
    pub fn ended(&mut self) -> anyhow::Result<ExitStatus> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            ensure!(
                Instant::now() < deadline,
                "plimsoll did not end within {PATIENCE:?}:\n{}",
                self.log_tail()
            );
            std::thread::sleep(PACE);
        }
    }

    /// The last lines it logged.
    pub fn log_tail(&self) -> String {
        let log = fs::read_to_string(self.home.log()).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
    }
}

impl Drop for Plimsoll {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Makes the products `SKU0`, `SKU1` … with `stock` units each, in a table as a customer has it, and migrates: the
/// table is adopted.
pub async fn prepare(settings: &Settings, skus: u32, stock: i64) -> anyhow::Result<()> {
    let products = format!(
        "CREATE TABLE products (id bigint PRIMARY KEY, sku text NOT NULL UNIQUE, current_stock bigint NOT NULL,
             version bigint NOT NULL DEFAULT 0, updated_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO products (id, sku, current_stock)
         SELECT n + 1, 'SKU' || n, {stock} FROM generate_series(0, {skus} - 1) n"
    );
    servers::sql(&settings.database_url, &products).await?;
    succeed(settings, &["migrate", "up"]).map(drop)
}

/// The next offset of each of the topic's partitions that has one, summed: how much has been applied.
pub async fn applied(settings: &Settings) -> anyhow::Result<i64> {
    let mut connection = PgConnection::connect(&settings.database_url).await?;
    let sum = sqlx::query_scalar(
        "SELECT coalesce(sum(next_offset), 0)::bigint FROM positions WHERE topic = $1",
    );
    Ok(sum.bind(&settings.topic).fetch_one(&mut connection).await?)
}

/// Waits until every partition's position has reached the end that the topic has now.
pub async fn until_applied(settings: &Settings, patience: Duration) -> anyhow::Result<()> {
    let ends = topics::end_offsets(&settings.bootstrap, &settings.topic).await?;
    let mut connection = PgConnection::connect(&settings.database_url).await?;
    until(patience, "the positions reach the topic's end", async || {
        let behind = "SELECT count(*) FROM unnest($2::bigint[]) WITH ORDINALITY AS e (end_offset, number)
                      LEFT JOIN positions p ON p.topic = $1 AND p.partition = e.number - 1
                      WHERE coalesce(p.next_offset, 0) < e.end_offset";
        let behind = sqlx::query_scalar::<_, i64>(behind).bind(&settings.topic).bind(&ends);
        Ok(behind.fetch_one(&mut connection).await? == 0)
    })
    .await
}

/// Waits for a condition, and fails when it does not hold in time.
pub async fn until(
    patience: Duration,
    what: &str,
    mut holds: impl AsyncFnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<()> {
    let deadline = Instant::now() + patience;
    while !holds().await? {
        ensure!(Instant::now() < deadline, "{what}: not within {patience:?}");
        tokio::time::sleep(PACE).await;
    }
    Ok(())
}

/// The folder of a shipped rule, whatever folder the service is started in: tests of cargo run in
/// that of their package.
///
/// # Panics
/// If there is no current folder.
pub fn shipped_rule(name: &str) -> String {
    let folder = std::path::absolute(Path::new("../rules").join(name));
    folder.expect("a test has a folder").display().to_string()
}
