//! A connection whose statements are seen: each is a span and a measurement. Knows no statement.

use plimsoll_telemetry::Metrics;
use plimsoll_telemetry::traces::spans::statement;
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::fault::sqlstate;

/// A connection, or a transaction on it.
pub(super) struct Observed<'a, C> {
    pub(super) inner: &'a C,
    pub(super) metrics: &'a Metrics,
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Observed<'_, C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, it: Statement) -> Result<ExecResult, DbErr> {
        let sql = it.sql.clone();
        statement(self.metrics, &sql, self.inner.execute_raw(it), sqlstate).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        statement(
            self.metrics,
            sql,
            self.inner.execute_unprepared(sql),
            sqlstate,
        )
        .await
    }

    async fn query_one_raw(&self, it: Statement) -> Result<Option<QueryResult>, DbErr> {
        let sql = it.sql.clone();
        statement(self.metrics, &sql, self.inner.query_one_raw(it), sqlstate).await
    }

    async fn query_all_raw(&self, it: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let sql = it.sql.clone();
        statement(self.metrics, &sql, self.inner.query_all_raw(it), sqlstate).await
    }
}
