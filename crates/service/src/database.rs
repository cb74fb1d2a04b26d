//! Connections of the command line and of the HTTP side, and what their errors mean for whoever
//! typed a command. The consumer has its own, in `plimsoll-core`.

mod failure;

use std::time::Duration;

use plimsoll_core::database::Settings;
use sea_orm::SqlxPostgresConnector;
use sea_orm::sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sea_orm::sqlx::{self, Connection};
use tokio::time::timeout;

use crate::config;
use crate::exit::Failure;

/// A command works on one connection; a second lets `verify` look at the first.
const CONNECTIONS_MAX: u32 = 2;

/// Waiting for a connection longer than this is a failure.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// What our sessions ask of the server: times that sort and read the same everywhere, and no
/// waiting for ever.
const SERVER_SETTINGS: [(&str, &str); 4] = [
    ("timezone", "UTC"),
    ("lock_timeout", "20s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
];

/// Connects, and says precisely why not. Whether the schema is there is not looked at.
pub(crate) async fn connect(settings: &Settings, who: &str) -> Result<PgPool, Failure> {
    let options = options(settings, who)?;
    // Not through the pool, which would try again and again and then only say that it took too long.
    let place = config::place(settings);
    let first = timeout(CONNECT_LIMIT, PgConnection::connect_with(&options)).await;
    let first = first.map_err(|_| failure::unreachable(&place, "no answer in time"))?;
    first
        .map_err(|error| failure::of_connect(&place, &error))?
        .close()
        .await?;
    Ok(PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(CONNECT_LIMIT)
        .connect_lazy_with(options))
}

/// Connects to a database whose schema is of this version.
pub(crate) async fn open(settings: &Settings, who: &str) -> Result<PgPool, Failure> {
    let pool = connect(settings, who).await?;
    let pending = pending(&pool).await?;
    if pending.is_empty() {
        Ok(pool)
    } else {
        Err(migrations_pending(&pending))
    }
}

/// Names of migrations that the database lacks.
pub(crate) async fn pending(pool: &PgPool) -> Result<Vec<String>, Failure> {
    Ok(
        plimsoll_migrations::pending(&SqlxPostgresConnector::from_sqlx_postgres_pool(
            pool.clone(),
        ))
        .await?,
    )
}

pub(crate) fn migrations_pending(names: &[String]) -> Failure {
    Failure::environment(
        format!("migrations are pending: {}", names.join(", ")),
        "run `plimsoll migrate up`",
    )
}

/// How a session of ours begins. `who` shows in the server's list of sessions.
pub(crate) fn options(settings: &Settings, who: &str) -> Result<PgConnectOptions, Failure> {
    let options: Result<PgConnectOptions, sqlx::Error> = settings.url.parse();
    Ok(options?
        .application_name(&format!("plimsoll/{who}"))
        .options(SERVER_SETTINGS))
}
