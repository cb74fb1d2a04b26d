//! The positions of a batch: moved first in its transaction, and read again when an answer is
//! in doubt.

use plimsoll_domain::lane::{PositionRow, Sought};
use plimsoll_rule_host::Ruleset;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::Store;
use super::columns::array;
use crate::database::{execute, statement};

const MOVE: &str = "
UPDATE plimsoll_internal.positions p SET next_offset = u.upto, ruleset_revision = $6, updated_at = now()
FROM unnest($2::int[], $3::bigint[], $4::bigint[], $5::uuid[]) AS u(partition, since, upto, claim)
WHERE p.topic_id = $1 AND p.partition = u.partition
  AND p.next_offset = u.since AND p.claim = u.claim AND p.ruleset_revision <= $6
  AND ($6 = 0 OR EXISTS (SELECT FROM plimsoll_internal.rulesets r WHERE r.revision = $6 AND r.digest = $7))";

const RULESET: &str = "
SELECT $1 = 0 OR EXISTS (SELECT FROM plimsoll_internal.rulesets r WHERE r.revision = $1 AND r.digest = $2)";

const STORED: &str = "
SELECT partition, claim, next_offset FROM plimsoll_internal.positions
WHERE topic_id = $1 AND partition = ANY($2::int[]) ORDER BY partition";

const REVISION: &str = "
SELECT coalesce(max(ruleset_revision), 0) FROM plimsoll_internal.positions
WHERE topic_id = $1 AND partition = ANY($2::int[])";

/// Moves every position that is ours and where we left it, unless a later revision of the rules
/// than ours decided there, or the database does not have ours. Answers whether all were moved.
/// `sought` ascends by partition.
pub(super) async fn move_all<C: ConnectionTrait>(
    tx: &C,
    store: &Store,
    sought: &[Sought],
    rules: &Ruleset,
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
            rules.revision().into(),
            rules.digest().to_string().into(),
        ],
    );
    Ok(moved.await? == sought.len() as u64)
}

/// Whether these rules are the database's own; one that went back may have forgotten them.
pub(crate) async fn has_ruleset<C: ConnectionTrait>(
    db: &C,
    rules: &Ruleset,
) -> Result<bool, DbErr> {
    let values = [rules.revision().into(), rules.digest().to_string().into()];
    let row = db.query_one_raw(statement(RULESET, values)).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}

/// The latest revision of the rules that decided anything, of whichever topic.
pub(crate) async fn newest_revision<C: ConnectionTrait>(db: &C) -> Result<i32, DbErr> {
    let sql = "SELECT coalesce(max(ruleset_revision), 0) FROM plimsoll_internal.positions";
    let row = db.query_one_raw(statement(sql, [])).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// The latest revision of the rules that decided anything of these partitions.
pub(super) async fn revision<C: ConnectionTrait>(
    db: &C,
    topic_id: i16,
    partitions: impl Iterator<Item = i32>,
) -> Result<i32, DbErr> {
    let values = [topic_id.into(), array(partitions)];
    let row = db.query_one_raw(statement(REVISION, values)).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
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
