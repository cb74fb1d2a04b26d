//! The positions of a batch: moved first in its transaction, and read again when an answer is
//! in doubt.

use plimsoll_domain::lane::{PositionRow, Sought};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, Value};
use uuid::Uuid;

use super::Store;
use super::columns::array;
use crate::database::{execute, statement};

/// The revision of the rules that decided; none yet.
pub(super) const RULESET_REVISION: i32 = 0;

const MOVE: &str = "
UPDATE plimsoll_internal.positions p SET next_offset = u.upto, ruleset_revision = $6, updated_at = now()
FROM unnest($2::int[], $3::bigint[], $4::bigint[], $5::uuid[]) AS u(partition, since, upto, claim)
WHERE p.topic_id = $1 AND p.partition = u.partition
  AND p.next_offset = u.since AND p.claim = u.claim AND p.ruleset_revision <= $6";

const STORED: &str = "
SELECT partition, claim, next_offset FROM plimsoll_internal.positions
WHERE topic_id = $1 AND partition = ANY($2::int[]) ORDER BY partition";

/// Moves every position that is ours and where we left it. Answers whether all were.
/// `sought` ascends by partition.
pub(super) async fn move_all(
    tx: &DatabaseTransaction,
    store: &Store,
    sought: &[Sought],
) -> Result<bool, DbErr> {
    let moved = execute(
        tx,
        MOVE,
        [
            store.topic_id.into(),
            array(sought.iter().map(|s| s.partition)),
            array(sought.iter().map(|s| s.from)),
            array(sought.iter().map(|s| s.to)),
            array(sought.iter().map(|s| Uuid::from_u128(s.claim))),
            Value::from(RULESET_REVISION),
        ],
    );
    Ok(moved.await? == sought.len() as u64)
}

/// The positions as stored; with `lock`, after every transaction that is writing them.
pub(crate) async fn stored<C: ConnectionTrait>(
    db: &C,
    topic_id: i16,
    partitions: impl Iterator<Item = i32>,
    lock: bool,
) -> Result<Vec<PositionRow>, DbErr> {
    let sql = [STORED, if lock { " FOR UPDATE" } else { "" }].concat();
    let rows = db
        .query_all_raw(statement(&sql, [topic_id.into(), array(partitions)]))
        .await?;
    rows.iter()
        .map(|row| {
            Ok(PositionRow {
                partition: row.try_get_by_index(0)?,
                claim: row.try_get_by_index::<Uuid>(1)?.as_u128(),
                next_offset: row.try_get_by_index(2)?,
            })
        })
        .collect()
}
