//! One PostgreSQL for all tests, a database for each, and the binary as a command.

use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use plimsoll_sandbox::postgres::Cluster;
use sea_orm::sqlx::postgres::{PgConnection, PgRow};
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor};

const TEMPLATE: &str = "migrated";

/// Nothing here takes longer.
const DEADLINE: Duration = Duration::from_secs(60);

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let cluster = Cluster::start(&[]).expect("PostgreSQL starts");
        cluster
            .create_database(TEMPLATE, None)
            .expect("it makes a database");
        let migrated = plimsoll(&cluster.url(TEMPLATE), &["migrate", "up"]);
        assert_eq!(migrated.code, 0, "{}", migrated.stderr);
        cluster
    })
}

/// The URL of a new, empty database.
pub(crate) fn empty() -> String {
    database(None)
}

/// The URL of a new database with the schema and nothing in it.
pub(crate) fn migrated() -> String {
    database(Some(TEMPLATE))
}

fn database(template: Option<&str>) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    cluster()
        .create_database(&name, template)
        .expect("PostgreSQL makes a database");
    cluster().url(&name)
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the binary to its end.
pub(crate) fn plimsoll(url: &str, arguments: &[&str]) -> Answer {
    let output = command(url, arguments)
        .stdin(Stdio::null())
        .output()
        .expect("the binary starts");
    Answer {
        code: output.status.code().expect("no signal ends it"),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// The same with a good end.
pub(crate) fn done(url: &str, arguments: &[&str]) -> String {
    let answer = plimsoll(url, arguments);
    assert_eq!(answer.code, 0, "{arguments:?}: {answer:?}");
    answer.stdout
}

/// The same, with its JSON read.
pub(crate) fn json(url: &str, arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&done(url, arguments)).expect("JSON")
}

/// The binary with nothing in its environment that is not needed.
pub(crate) fn command(url: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    let kept = std::env::vars_os().filter(|(name, _)| {
        !name.to_string_lossy().starts_with("PLIMSOLL_") || name == "PLIMSOLL_CACHE"
    });
    command
        .env_clear()
        .envs(kept)
        .env("PLIMSOLL_DATABASE__URL", url)
        .args(arguments);
    command
}

/// Runs SQL of any number of statements.
pub(crate) fn sql(url: &str, statements: &str) {
    block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        connection
            .execute(AssertSqlSafe(statements.to_owned()))
            .await?;
        connection.close().await
    });
}

/// Why PostgreSQL refuses a statement.
pub(crate) fn refusal(url: &str, statement: &str) -> String {
    block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        let tried = connection
            .execute(AssertSqlSafe(statement.to_owned()))
            .await;
        connection.close().await?;
        Ok(tried.expect_err(statement).to_string())
    })
}

/// One row of a query.
pub(crate) fn row(url: &str, query: &str) -> PgRow {
    block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        let row = connection
            .fetch_one(AssertSqlSafe(query.to_owned()))
            .await?;
        connection.close().await?;
        Ok(row)
    })
}

fn block_on<T>(work: impl Future<Output = Result<T, sea_orm::sqlx::Error>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(work).expect("PostgreSQL answers")
}

/// Looks again and again until there is something to see.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "still waiting for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
