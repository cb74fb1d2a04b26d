//! Which identities of a batch were decided before: asked only where it is in doubt.

use std::time::Duration;

use plimsoll_domain::{Answered, EventKey, Kind};
use sea_orm::{ConnectionTrait, DbErr, Value};
use uuid::Uuid;

use super::columns::array;
use crate::database::statement;
use crate::locks::Sku;

/// One identity to look up.
#[derive(Clone, Copy)]
pub(super) struct Doubt<'a> {
    pub(super) slot: u32,
    pub(super) key: EventKey,
    pub(super) sku: &'a Sku,
    /// The product's key.
    pub(super) id: i64,
}

/// `requested` is stored only where it differs from what the line shows.
///
/// `OFFSET 0`, here and below, keeps each look-up an index scan for one key, also in a plan that
/// was made when the tables were empty: such a plan may compare every line with every key.
const IN_LEDGER: &str = "
SELECT (k.n - 1)::int, found.kind, found.quantity
FROM unnest($1::bigint[], $2::uuid[]) WITH ORDINALITY AS k(product_id, event_key, n)
CROSS JOIN LATERAL (
    SELECT l.kind, coalesce(l.requested, CASE l.kind WHEN 1 THEN l.stock_after ELSE l.quantity_change END) AS quantity
    FROM plimsoll_internal.lines l
    WHERE l.product_id = k.product_id AND l.event_key = k.event_key
      AND l.part >= $3 AND l.recorded_at > clock_timestamp() - $4 * interval '1 millisecond' OFFSET 0
) AS found";

const ELSEWHERE: &str = "
SELECT (k.n - 1)::int, found.kind, found.quantity
FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS k(sku, event_key, n)
CROSS JOIN LATERAL (
    (SELECT r.kind, r.quantity FROM plimsoll_internal.refused r
     WHERE r.sku = k.sku AND r.event_key = k.event_key AND r.event_key IS NOT NULL
       AND r.outcome IN ('rejected', 'unknown_sku') AND r.code <> 'event_id_conflict'
       AND r.recorded_at > clock_timestamp() - $3 * interval '1 millisecond' OFFSET 0)
    UNION ALL
    (SELECT e.kind, e.quantity FROM plimsoll_internal.parked_events e
     WHERE e.sku = k.sku AND e.event_key = k.event_key
       AND e.parked_at > clock_timestamp() - $3 * interval '1 millisecond' OFFSET 0)
) AS found";

/// Adds to `answered` the identities that have a line in a part from `lowest` on.
pub(super) async fn in_ledger<C: ConnectionTrait>(
    db: &C,
    doubts: &[Doubt<'_>],
    lowest: i32,
    window: Duration,
    answered: &mut Answered,
) -> Result<(), DbErr> {
    let values = [
        array(doubts.iter().map(|d| d.id)),
        keys(doubts),
        lowest.into(),
        ms(window),
    ];
    ask(db, IN_LEDGER, values, doubts, answered).await
}

/// Adds to `answered` the identities of refused and parked events.
pub(super) async fn elsewhere<C: ConnectionTrait>(
    db: &C,
    doubts: &[Doubt<'_>],
    window: Duration,
    answered: &mut Answered,
) -> Result<(), DbErr> {
    let values = [
        array(doubts.iter().map(|d| d.sku.to_string())),
        keys(doubts),
        ms(window),
    ];
    ask(db, ELSEWHERE, values, doubts, answered).await
}

async fn ask<C: ConnectionTrait>(
    db: &C,
    sql: &str,
    values: impl IntoIterator<Item = Value>,
    doubts: &[Doubt<'_>],
    answered: &mut Answered,
) -> Result<(), DbErr> {
    if doubts.is_empty() {
        return Ok(());
    }
    for row in db.query_all_raw(statement(sql, values)).await? {
        let n: i32 = row.try_get_by_index(0)?;
        let doubt = &doubts[usize::try_from(n).expect("an ordinal of what was asked")];
        let quantity = row.try_get_by_index(2)?;
        let kind = match row.try_get_by_index::<i16>(1)? {
            1 => Kind::Count(quantity),
            _ => Kind::Adjust(quantity),
        };
        answered.insert((doubt.slot, doubt.key), kind);
    }
    Ok(())
}

fn keys(doubts: &[Doubt<'_>]) -> Value {
    array(doubts.iter().map(|d| Uuid::from_u128(d.key.0)))
}

fn ms(window: Duration) -> Value {
    i64::try_from(window.as_millis()).unwrap_or(i64::MAX).into()
}
