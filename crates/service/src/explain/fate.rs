//! The row that answers a record, wherever it is: ledger, refusals or parked events.

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{self, query_scalar};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::cli::Record;
use crate::reads::unpack;

/// Rows to show of one identity.
const ROWS_MAX: i64 = 100;

/// Where a row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Room {
    Ledger,
    Refusals,
    Parked,
}

/// One row, with all that was stored beside the decision. What a room has no column for is null.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Fate {
    pub(super) room: Room,
    pub(super) topic: Option<String>,
    pub(super) partition: Option<i32>,
    pub(super) record_offset: Option<i64>,
    pub(super) sku: Option<String>,
    pub(super) event_key: Option<Uuid>,
    pub(super) kind: Option<String>,
    /// What was asked for.
    pub(super) quantity: Option<i64>,
    pub(super) version: Option<i64>,
    pub(super) quantity_change: Option<i64>,
    pub(super) stock_after: Option<i64>,
    pub(super) outcome: Option<String>,
    pub(super) code: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) rule: Option<String>,
    pub(super) ruleset_revision: i32,
    pub(super) version_seen: Option<i64>,
    pub(super) stock_seen: Option<i64>,
    pub(super) floor_seen: Option<i64>,
    pub(super) flags: Option<Vec<String>>,
    pub(super) facts: Option<Value>,
    /// The record's value, in hexadecimal, where it was kept.
    pub(super) payload: Option<String>,
    pub(super) trace_id: Option<String>,
    pub(super) occurred_at: Option<String>,
    pub(super) occurred_ms: Option<i64>,
    pub(super) recorded_at: String,
}

/// All rooms in one shape. A condition on it reaches into each of them.
macro_rules! fates {
    ($condition:literal) => {
        concat!(
            "SELECT row_to_json(q) FROM (
                SELECT 'ledger' AS room, topic, partition, record_offset, sku, event_key, kind,
                    coalesce(requested, CASE kind WHEN 'count' THEN stock_after ELSE quantity_change END) AS quantity,
                    version, quantity_change, stock_after, NULL AS outcome, NULL AS code, NULL AS detail, NULL AS rule,
                    ruleset_revision, NULL::bigint AS version_seen, NULL::bigint AS stock_seen, NULL::bigint AS floor_seen,
                    flags, facts, NULL::text AS payload, trace_id, occurred_at, recorded_at,
                    (extract(epoch FROM occurred_at) * 1000)::bigint AS occurred_ms
                FROM ledger WHERE ", $condition, "
                UNION ALL
                SELECT 'refusals', topic, partition, record_offset, sku, event_key, kind, quantity,
                    NULL, NULL, NULL, outcome, code, detail, rule,
                    ruleset_revision, version_seen, stock_seen, floor_seen,
                    NULL, facts, encode(payload, 'hex'), trace_id, occurred_at, recorded_at,
                    (extract(epoch FROM occurred_at) * 1000)::bigint
                FROM refusals WHERE ", $condition, "
                UNION ALL
                SELECT 'parked', topic, partition, record_offset, sku, event_key, kind, quantity,
                    NULL, NULL, NULL, outcome, code, detail, rule,
                    ruleset_revision, version_seen, stock_seen, floor_seen,
                    NULL, facts, encode(payload, 'hex'), trace_id, occurred_at, recorded_at,
                    (extract(epoch FROM occurred_at) * 1000)::bigint
                FROM parked WHERE ", $condition, "
                ORDER BY recorded_at, topic, partition, record_offset LIMIT $4
            ) q"
        )
    };
}

const OF_EVENT: &str =
    fates!("event_key = $1 AND ($2::text IS NULL OR sku = $2) AND $3::text IS NULL");
const OF_EVENT_AND_SKU: &str = fates!("event_key = $1 AND sku = $2 AND $3::text IS NULL");
const OF_RECORD: &str = fates!("topic = $1 AND partition = $2 AND record_offset = $3");

/// Every row of an identity, oldest first: of one SKU, or of all.
pub(super) async fn of_event(
    db: &PgPool,
    key: Uuid,
    sku: Option<&str>,
) -> Result<Vec<Fate>, sqlx::Error> {
    // With its SKU the identity is one look into an index, without it a walk through all of it.
    let statement = if sku.is_some() {
        OF_EVENT_AND_SKU
    } else {
        OF_EVENT
    };
    let query = query_scalar(statement)
        .bind(key)
        .bind(sku)
        .bind(None::<String>)
        .bind(ROWS_MAX);
    Ok(unpack(query.fetch_all(db).await?))
}

/// The row of a record: one, unless the database is broken. Reads all of the ledger, which has no
/// index by offset.
pub(super) async fn of_record(db: &PgPool, record: &Record) -> Result<Vec<Fate>, sqlx::Error> {
    let query = query_scalar(OF_RECORD)
        .bind(&record.partition.topic)
        .bind(record.partition.partition)
        .bind(record.offset);
    Ok(unpack(query.bind(ROWS_MAX).fetch_all(db).await?))
}
