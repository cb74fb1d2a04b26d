//! What the commands that act on the database's rules share: the connection, the shelf that tries
//! bundles as a replica would, and how their failures are told.

use std::sync::Arc;

use plimsoll_core::rules::{Error, Shelf};
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};

use crate::config::Config;
use crate::database;
use crate::exit::Failure;

/// Connects to a database whose schema is of this version.
pub(super) async fn open(config: &Config) -> Result<DatabaseConnection, Failure> {
    let pool = database::open(&config.database, "rules").await?;
    Ok(SqlxPostgresConnector::from_sqlx_postgres_pool(pool))
}

/// Believes whom the configuration believes.
pub(super) fn shelf(config: &Config) -> Result<Arc<Shelf>, Failure> {
    Shelf::new(config.rules.trust.clone()).map_err(failure)
}

/// What is wrong with the outside is the environment's; everything else was tried and refused.
pub(super) fn failure(error: Error) -> Failure {
    match error {
        Error::Database(error) => Failure::from(error),
        Error::Engine(_) => Failure::environment(error.reason(), ""),
        refused => Failure::failed(refused.reason(), ""),
    }
}
