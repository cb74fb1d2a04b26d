//! A connection whose statements are seen: each is a span and a measurement. Knows no statement.

use plimsoll_telemetry::traces::spans::statement;
use sea_orm::prelude::async_trait::async_trait;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, ExecResult, QueryResult, Statement};

use super::Store;
use super::fault::sqlstate;

/// A connection, or a transaction on it.
pub(super) struct Observed<'a, C> {
    pub(super) inner: &'a C,
    pub(super) store: &'a Store,
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Observed<'_, C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, it: Statement) -> Result<ExecResult, DbErr> {
        let sql = it.sql.clone();
        self.store.seen(&sql, self.inner.execute_raw(it)).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let work = self.inner.execute_unprepared(sql);
        self.store.seen(sql, work).await
    }

    async fn query_one_raw(&self, it: Statement) -> Result<Option<QueryResult>, DbErr> {
        let sql = it.sql.clone();
        self.store.seen(&sql, self.inner.query_one_raw(it)).await
    }

    async fn query_all_raw(&self, it: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let sql = it.sql.clone();
        self.store.seen(&sql, self.inner.query_all_raw(it)).await
    }
}

impl Store {
    /// Runs a statement in sight.
    pub(super) async fn seen<T>(
        &self,
        sql: &str,
        work: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        statement(&self.metrics, &self.server, sql, work, sqlstate).await
    }
}
