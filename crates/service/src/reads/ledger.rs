//! The ledger of one product.

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::types::Json;
use sea_orm::sqlx::{self, query_scalar};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::unpack;

/// A movement, or the line a ledger starts from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Line {
    /// The version it made.
    pub(crate) version: i64,
    /// `adjust`, `count`, `opening` or `external`; the last two come from no record.
    pub(crate) kind: String,
    /// Units added.
    pub(crate) quantity_change: i64,
    /// Units on hand afterwards.
    pub(crate) stock_after: i64,
    /// The identity of the event.
    pub(crate) event_key: Option<String>,
    /// Where its record is.
    pub(crate) topic: Option<String>,
    /// Where its record is.
    pub(crate) partition: Option<i32>,
    /// Where its record is.
    pub(crate) record_offset: Option<i64>,
    /// The revision of the rules that decided.
    pub(crate) ruleset_revision: i32,
    /// What rules had to remark.
    pub(crate) flags: Vec<String>,
    /// Why, in the producer's words.
    pub(crate) reason: Option<String>,
    /// What it belongs to, such as an order.
    pub(crate) reference: Option<String>,
    /// A trace with its span.
    pub(crate) trace_id: Option<String>,
    /// When it happened, RFC 3339.
    pub(crate) occurred_at: Option<String>,
    /// When it was written down, RFC 3339.
    pub(crate) recorded_at: String,
}

const PRODUCT: &str = "SELECT id::bigint FROM products WHERE sku = $1";

const PARTS: &str = "SELECT number FROM plimsoll_internal.parts ORDER BY number DESC";

const IN_PART: &str = "
SELECT row_to_json(q) FROM (
    SELECT l.version, plimsoll_internal.kind_name(l.kind) AS kind, l.quantity_change, l.stock_after, l.event_key,
        t.name AS topic, l.partition, l.record_offset, l.ruleset_revision, coalesce(l.flags, '{}') AS flags,
        l.facts ->> 'reason' AS reason, l.facts ->> 'reference' AS reference,
        plimsoll_internal.trace_hex(l.trace_id) AS trace_id, plimsoll_internal.from_ms(l.occurred_ms) AS occurred_at, l.recorded_at
    FROM plimsoll_internal.lines l LEFT JOIN plimsoll_internal.topics t ON t.id = l.topic_id
    WHERE l.part = $1 AND l.product_id = $2 AND l.version < $3 ORDER BY l.version DESC LIMIT $4
) q";

const OPENING: &str = "
SELECT row_to_json(q) FROM (
    SELECT o.version, 'opening' AS kind, 0 AS quantity_change, o.stock AS stock_after, NULL::uuid AS event_key,
        NULL::text AS topic, NULL::int AS partition, NULL::bigint AS record_offset, 0 AS ruleset_revision,
        '{}'::text[] AS flags, NULL::text AS reason, NULL::text AS reference, NULL::text AS trace_id,
        NULL::timestamptz AS occurred_at, o.recorded_at
    FROM plimsoll_internal.openings o WHERE o.product_id = $1 AND o.version < $2
) q";

/// Lines before the version `before`, newest first, the opening last; `None` without a product.
/// Parts are read one by one, newest first, and no more of them than needed.
pub(crate) async fn page(
    db: &PgPool,
    sku: &str,
    before: i64,
    limit: i64,
) -> Result<Option<Vec<Line>>, sqlx::Error> {
    let Some(product): Option<i64> = query_scalar(PRODUCT).bind(sku).fetch_optional(db).await?
    else {
        return Ok(None);
    };
    let parts: Vec<i32> = query_scalar(PARTS).fetch_all(db).await?;
    let mut lines = Vec::new();
    let wanted = usize::try_from(limit).unwrap_or(0);
    for part in parts {
        let room = i64::try_from(wanted - lines.len()).unwrap_or(0);
        let more: Vec<Json<Line>> = query_scalar(IN_PART)
            .bind(part)
            .bind(product)
            .bind(before)
            .bind(room)
            .fetch_all(db)
            .await?;
        lines.extend(unpack(more));
        if lines.len() >= wanted {
            return Ok(Some(lines));
        }
    }
    lines.extend(unpack(
        query_scalar(OPENING)
            .bind(product)
            .bind(before)
            .fetch_all(db)
            .await?,
    ));
    Ok(Some(lines))
}
