//! The span and the metric of one statement to PostgreSQL. The statement's text is constant, its
//! parameters never appear.

use std::time::Instant;

use opentelemetry_semantic_conventions::attribute as convention;
use tracing::Instrument;
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::failed;
use crate::Metrics;

/// The database that answers statements.
#[derive(Clone, Debug)]
pub struct Server {
    /// The database's name.
    pub database: String,
    /// Host name, address, or folder of the socket.
    pub address: String,
    /// Its port.
    pub port: u16,
}

/// Runs a statement. `sqlstate` names a failure.
///
/// # Errors
/// Those of the statement.
pub async fn statement<T, E: std::fmt::Display>(
    metrics: &Metrics,
    server: &Server,
    sql: &str,
    work: impl Future<Output = Result<T, E>>,
    sqlstate: impl FnOnce(&E) -> String,
) -> Result<T, E> {
    let Summary { operation, table } = summary(sql);
    let name = || [operation, table].join(" ").trim_end().to_owned();
    let span = tracing::info_span!(
        target: "plimsoll::trace", "statement", otel.name = name(), otel.kind = "client"
    );
    if !span.is_disabled() {
        span.set_attribute(convention::DB_SYSTEM_NAME, "postgresql");
        span.set_attribute(convention::DB_NAMESPACE, server.database.clone());
        span.set_attribute(convention::SERVER_ADDRESS, server.address.clone());
        span.set_attribute(convention::SERVER_PORT, i64::from(server.port));
        span.set_attribute(convention::DB_OPERATION_NAME, operation.to_owned());
        span.set_attribute(convention::DB_QUERY_SUMMARY, name());
        span.set_attribute(convention::DB_QUERY_TEXT, sql.trim().to_owned());
        if !table.is_empty() {
            span.set_attribute(convention::DB_COLLECTION_NAME, table.to_owned());
        }
    }
    let began = Instant::now();
    let answer = work.instrument(span.clone()).await;
    let state = answer.as_ref().err().map(sqlstate);
    metrics.statement(operation, table, state.as_deref(), began.elapsed());
    if let (Err(error), Some(state)) = (&answer, state) {
        span.set_attribute(convention::DB_RESPONSE_STATUS_CODE, state.clone());
        failed(&span, state, error.to_string());
    }
    answer
}

/// What a statement does and to which table.
#[derive(Debug, PartialEq, Eq)]
struct Summary<'a> {
    operation: &'a str,
    /// Without its schema and without the number of a ledger's part; empty if there is none.
    table: &'a str,
}

fn summary(sql: &str) -> Summary<'_> {
    let mut words = sql.split_whitespace();
    let operation = words.next().unwrap_or("");
    let after = ["UPDATE", "INTO", "FROM", "JOIN"];
    let mut last = operation;
    let table = words.find(|&word| {
        let names = after.contains(&std::mem::replace(&mut last, word));
        names && !word.contains('(')
    });
    let table = table.unwrap_or("");
    let table = table.rsplit('.').next().unwrap_or(table);
    let table = table.trim_end_matches(|it: char| it.is_ascii_digit() || it == ';');
    Summary {
        operation,
        table: table.trim_end_matches('_'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, operation: &str, table: &str) {
        assert_eq!(summary(sql), Summary { operation, table }, "{sql}");
    }

    #[test]
    fn a_statement_is_named_by_what_it_does_and_to_which_table() {
        check(
            "UPDATE plimsoll_internal.positions p SET x = 1",
            "UPDATE",
            "positions",
        );
        check(
            "\nSELECT 1 FROM products WHERE sku = $1",
            "SELECT",
            "products",
        );
        check(
            "SELECT s.n\nFROM unnest($1::text[]) AS s(sku)\nLEFT JOIN products p ON true",
            "SELECT",
            "products",
        );
        check(
            "DELETE FROM plimsoll_internal.unknown_skus s",
            "DELETE",
            "unknown_skus",
        );
        check("COMMIT", "COMMIT", "");
    }

    #[test]
    fn the_parts_of_the_ledger_share_a_name() {
        check(
            "INSERT INTO plimsoll_internal.ledger_12 (kind)",
            "INSERT",
            "ledger",
        );
    }
}
