//! Events that wait.

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{self, query_scalar};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::unpack;

/// An event that waits for its release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Parked {
    /// Its place in the order of release; within a SKU the lower number goes first.
    pub(crate) number: i64,
    /// The SKU that is held.
    pub(crate) sku: String,
    /// What it waits for: `unknown_sku`, `below_floor`, `behind`, or a rule's code.
    pub(crate) code: String,
    /// The same for a person.
    pub(crate) detail: Option<String>,
    /// The rule that parked it.
    pub(crate) rule: Option<String>,
    /// `adjust` or `count`.
    pub(crate) kind: String,
    /// Units: a change for `adjust`, a level for `count`.
    pub(crate) quantity: i64,
    /// The identity of the event.
    pub(crate) event_key: Option<String>,
    /// Where its record is.
    pub(crate) topic: String,
    /// Where its record is.
    pub(crate) partition: i32,
    /// Where its record is.
    pub(crate) record_offset: i64,
    /// The version it was decided on.
    pub(crate) version_seen: Option<i64>,
    /// The stock it was decided on.
    pub(crate) stock_seen: Option<i64>,
    /// The floor it was decided on.
    pub(crate) floor_seen: Option<i64>,
    /// A trace with its span.
    pub(crate) trace_id: Option<String>,
    /// When it happened, RFC 3339.
    pub(crate) occurred_at: String,
    /// Since when it waits, RFC 3339.
    pub(crate) parked_at: String,
}

/// Which of them; what is `None` matches all.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) sku: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) rule: Option<String>,
}

const PAGE: &str = "
SELECT row_to_json(q) FROM (
    SELECT number, sku, code, detail, rule, kind, quantity, event_key, topic, partition, record_offset,
        version_seen, stock_seen, floor_seen, trace_id, occurred_at, parked_at
    FROM parked
    WHERE number > $1 AND ($2::text IS NULL OR sku = $2) AND ($3::text IS NULL OR code = $3)
      AND ($4::text IS NULL OR rule = $4)
    ORDER BY number LIMIT $5
) q";

/// Parked events after the number `after`, in the order of their numbers.
pub(crate) async fn page(
    db: &PgPool,
    filter: &Filter,
    after: i64,
    limit: i64,
) -> Result<Vec<Parked>, sqlx::Error> {
    let query = query_scalar(PAGE)
        .bind(after)
        .bind(&filter.sku)
        .bind(&filter.code)
        .bind(&filter.rule);
    Ok(unpack(query.bind(limit).fetch_all(db).await?))
}
