//! A session: exactly one connection to PostgreSQL, never silently replaced. What a process
//! knows belongs to the connection it came from, so a reconnect must be seen.

use std::future::pending;
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use plimsoll_telemetry::traces::spans::Server;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sea_orm::sqlx::{ConnectOptions, Connection};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqlxPostgresConnector,
    Statement, TransactionTrait, Value,
};
use tokio::time::{sleep, timeout};

/// How PostgreSQL is reached.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `postgres://user:password@host:port/database?sslmode=…`
    pub url: String,
    /// Commit without waiting for the disk. Still exactly once: after every reconnect the
    /// stored position rules. A crash of the server costs the last moments of work, not truth.
    pub relaxed: bool,
}

impl Settings {
    fn options(&self) -> Result<PgConnectOptions, DbErr> {
        self.url.parse().map_err(unreachable_by)
    }

    /// What spans call it.
    ///
    /// # Panics
    /// If no session can be opened by it.
    pub(crate) fn server(&self) -> Server {
        let options = self.options().expect("a session was opened by it");
        let socket = options.get_socket().map(|it| it.display().to_string());
        Server {
            database: options.get_database().unwrap_or_default().to_owned(),
            address: socket.unwrap_or_else(|| options.get_host().to_owned()),
            port: options.get_port(),
        }
    }
}

fn unreachable_by(err: sea_orm::sqlx::Error) -> DbErr {
    DbErr::Conn(sea_orm::RuntimeErr::SqlxError(Arc::new(err)))
}

/// Waiting for a connection longer than this is a fault.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// The pool tries again until then and keeps to itself what is wrong. After this time we ask beside it.
const ASK_WHY: Duration = Duration::from_millis(300);
/// A statement, or the answer of COMMIT, longer than this means that the link is dead. Above
/// the server's own limits, which give the better error.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(40);

/// What our sessions ask of the server, and why.
const SERVER_SETTINGS: [(&str, &str); 11] = [
    // Sorted arrays join products through their index, row by row, so locks are taken in order.
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_seqscan", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    // Where a scan cannot be avoided, its forbidding cost would have the statement compiled
    // first: 100 ms for one of 0.1 ms.
    ("jit", "off"),
    // A host that died must not keep row locks for longer than this.
    ("idle_in_transaction_session_timeout", "10s"),
    ("lock_timeout", "20s"),
    ("statement_timeout", "30s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// One connection.
pub struct Session {
    db: DatabaseConnection,
    connects: Arc<AtomicU32>,
}

impl Session {
    /// Connects, or says why not: soon if nobody listens, and within ten seconds. Dropped, it leaves
    /// nothing behind.
    pub async fn open(settings: &Settings, instance: &str) -> Result<Session, DbErr> {
        let commit = [(
            "synchronous_commit",
            if settings.relaxed { "off" } else { "on" },
        )];
        let options = settings
            .options()?
            .application_name(&format!("plimsoll/{instance}"))
            .options(SERVER_SETTINGS.into_iter().chain(commit))
            .disable_statement_logging();
        let connects = Arc::new(AtomicU32::new(0));
        let counter = Arc::clone(&connects);
        let pooled = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(CONNECT_LIMIT)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            .after_connect(move |_, _| {
                counter.fetch_add(1, Ordering::Relaxed);
                Box::pin(async { Ok(()) })
            })
            .connect_with(options.clone());
        let pool = tokio::select! {
            biased;
            pool = pooled => pool,
            reason = Box::pin(reason(options)) => Err(reason),
        };
        let pool = pool.map_err(unreachable_by)?;
        Ok(Session {
            db: SqlxPostgresConnector::from_sqlx_postgres_pool(pool),
            connects,
        })
    }

    /// For statements outside a transaction.
    pub fn db(&self) -> &DatabaseConnection {
        &self.db
    }

    /// Begins a transaction on the one connection. Call it only inside a task of its own, which
    /// nobody cancels: a dropped `begin` would leave the connection inside a transaction.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one owner of transactions"
    )]
    pub(crate) async fn begin(&self) -> Result<DatabaseTransaction, DbErr> {
        let tx = self.db.begin().await?;
        if self.connects.load(Ordering::Relaxed) == 1 {
            Ok(tx)
        } else {
            Err(DbErr::Custom(
                "the connection of this session was lost".to_owned(),
            ))
        }
    }

    /// Ends the connection whatever state it is in.
    pub(crate) fn discard(self) {
        tokio::spawn(async move {
            // It is given up: how it ends changes nothing.
            self.db.close().await.ok();
        });
    }
}

/// Why the pool has no connection, in time before it gives up; nothing if one can be had.
async fn reason(options: PgConnectOptions) -> sea_orm::sqlx::Error {
    sleep(ASK_WHY).await;
    match options.connect().await {
        Ok(connection) => {
            // The pool will have its own.
            connection.close().await.ok();
            pending().await
        }
        Err(err) if nobody_listens(&err) => err,
        Err(err) => {
            // Perhaps there is only no room for two.
            sleep(CONNECT_LIMIT - 3 * ASK_WHY).await;
            err
        }
    }
}

fn nobody_listens(err: &sea_orm::sqlx::Error) -> bool {
    matches!(err, sea_orm::sqlx::Error::Io(io) if io.kind() == ErrorKind::ConnectionRefused)
}

/// A statement with its parameters, in PostgreSQL's dialect.
pub(crate) fn statement(sql: &str, values: impl IntoIterator<Item = Value>) -> Statement {
    Statement::from_sql_and_values(sea_orm::DbBackend::Postgres, sql, values)
}

/// Runs a statement and answers how many rows it touched.
pub(crate) async fn execute<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
) -> Result<u64, DbErr> {
    Ok(db
        .execute_raw(statement(sql, values))
        .await?
        .rows_affected())
}

/// Nothing that we wait for may take for ever.
pub(crate) async fn in_time<T>(work: impl Future<Output = Result<T, DbErr>>) -> Result<T, DbErr> {
    timeout(ANSWER_LIMIT, work).await.unwrap_or_else(|_| {
        Err(DbErr::Custom(
            "the database did not answer in time".to_owned(),
        ))
    })
}
