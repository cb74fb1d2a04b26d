//! One unchanging view of the database, read in pieces so that millions of rows fit in little memory. It knows no
//! table.

use anyhow::Context;
use sea_orm::sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sea_orm::sqlx::query::Query;
use sea_orm::sqlx::{self, Connection, Executor, Postgres};

/// A REPEATABLE READ transaction that only reads, and ends when this is dropped.
pub(super) struct Snapshot(PgConnection);

impl Snapshot {
    pub(super) async fn open(database_url: &str) -> anyhow::Result<Self> {
        let mut connection = PgConnection::connect(database_url)
            .await
            .context("connecting the checker")?;
        connection
            .execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await?;
        // The statements sort and group whole ledgers; the default of 4 MB would do it on disk.
        connection.execute("SET LOCAL work_mem = '128MB'").await?;
        Ok(Self(connection))
    }

    pub(super) async fn rows(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> anyhow::Result<Vec<PgRow>> {
        Ok(query.fetch_all(&mut self.0).await?)
    }

    /// Starts a statement `DECLARE pieces CURSOR FOR …`, whose rows [`Self::piece`] then returns.
    pub(super) async fn declare(
        &mut self,
        cursor: Query<'_, Postgres, PgArguments>,
    ) -> anyhow::Result<()> {
        cursor.execute(&mut self.0).await?;
        Ok(())
    }

    /// The next rows of the declared cursor; none at its end, where it is closed.
    pub(super) async fn piece(&mut self) -> anyhow::Result<Vec<PgRow>> {
        let rows = sqlx::query("FETCH 5000 FROM pieces")
            .persistent(false)
            .fetch_all(&mut self.0)
            .await?;
        if rows.is_empty() {
            self.0.execute("CLOSE pieces").await?;
        }
        Ok(rows)
    }
}
