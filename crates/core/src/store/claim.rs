//! Taking partitions: one statement writes a fresh claim, and every later write of their
//! positions compares it. Knows nothing of Kafka but offsets.

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::array;
use crate::database::{execute, statement};

/// A partition that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) partition: i32,
    pub(crate) claim: u128,
    pub(crate) next_offset: i64,
    /// Why it is halted, if it is. A claim never clears that.
    pub(crate) halted: Option<String>,
}

/// The topic's number, its partitions when it was first met, and Kafka's id of it as stored.
pub(crate) async fn ensure_topic<C: ConnectionTrait>(db: &C, name: &str, partitions: i32) -> Result<(i16, i32), DbErr> {
    execute(
        db,
        "INSERT INTO plimsoll_internal.topics (name, partitions) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        [name.into(), partitions.into()],
    )
    .await?;
    let row = db.query_one_raw(statement("SELECT id, partitions FROM plimsoll_internal.topics WHERE name = $1", [name.into()])).await?;
    let row = row.expect("inserted above, and topics are never deleted");
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// Those of `partitions` that have no position yet.
pub(crate) async fn unclaimed<C: ConnectionTrait>(db: &C, topic_id: i16, partitions: &[i32]) -> Result<Vec<i32>, DbErr> {
    let rows = db
        .query_all_raw(statement(
            "SELECT u.n FROM unnest($2::int[]) AS u(n)
             WHERE NOT EXISTS (SELECT FROM plimsoll_internal.positions p WHERE p.topic_id = $1 AND p.partition = u.n) ORDER BY 1",
            [topic_id.into(), array(partitions.iter().copied())],
        ))
        .await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

const CREATE: &str = "
INSERT INTO plimsoll_internal.positions (topic_id, partition, next_offset, retained_from, claim, owner_epoch, owner, status)
SELECT $1, u.partition, u.start, u.start, '00000000-0000-0000-0000-000000000000', 0, '', 'idle'
FROM unnest($2::int[], $3::bigint[]) AS u(partition, start) ORDER BY u.partition
ON CONFLICT DO NOTHING";

/// Locking first makes the claim wait for a former owner's transaction and see what it left.
const CLAIM: &str = "
WITH locked AS (
    SELECT topic_id, partition FROM plimsoll_internal.positions
    WHERE topic_id = $1 AND partition = ANY($2::int[]) ORDER BY partition FOR UPDATE
)
UPDATE plimsoll_internal.positions p
SET claim = $3, owner_epoch = p.owner_epoch + 1, owner = $4, updated_at = now(),
    status = CASE p.status WHEN 'halted' THEN 'halted' ELSE 'running' END
FROM locked l WHERE p.topic_id = l.topic_id AND p.partition = l.partition
RETURNING p.partition, p.next_offset, CASE p.status WHEN 'halted' THEN coalesce(p.halt_reason, 'halted') END";

/// Takes `partitions`; those met for the first time start at the offset given in `starts`.
pub(crate) async fn claim<C: ConnectionTrait>(db: &C, topic_id: i16, owner: &str, partitions: &[i32], starts: &[(i32, i64)]) -> Result<Vec<Claimed>, DbErr> {
    if !starts.is_empty() {
        let values = [topic_id.into(), array(starts.iter().map(|s| s.0)), array(starts.iter().map(|s| s.1))];
        execute(db, CREATE, values).await?;
    }
    let claim = Uuid::new_v4();
    let values = [topic_id.into(), array(partitions.iter().copied()), claim.into(), owner.into()];
    let rows = db.query_all_raw(statement(CLAIM, values)).await?;
    rows.iter()
        .map(|row| {
            Ok(Claimed {
                partition: row.try_get_by_index(0)?,
                claim: claim.as_u128(),
                next_offset: row.try_get_by_index(1)?,
                halted: row.try_get_by_index(2)?,
            })
        })
        .collect()
}

/// Stops a partition until an operator resumes it, if it is still ours.
pub(crate) async fn halt<C: ConnectionTrait>(db: &C, topic_id: i16, partition: i32, claim: u128, reason: &str) -> Result<(), DbErr> {
    let values = [topic_id.into(), partition.into(), Uuid::from_u128(claim).into(), reason.replace('\0', "").into()];
    execute(
        db,
        "UPDATE plimsoll_internal.positions SET status = 'halted', halt_reason = $4, updated_at = now()
         WHERE topic_id = $1 AND partition = $2 AND claim = $3",
        values,
    )
    .await?;
    Ok(())
}

/// Marks partitions as owned by nobody, where they are still ours.
pub(crate) async fn let_go<C: ConnectionTrait>(db: &C, topic_id: i16, claims: &[(i32, u128)]) -> Result<(), DbErr> {
    let values = [topic_id.into(), array(claims.iter().map(|c| c.0)), array(claims.iter().map(|c| Uuid::from_u128(c.1)))];
    execute(
        db,
        "WITH ours AS (
            SELECT p.topic_id, p.partition FROM plimsoll_internal.positions p
            JOIN unnest($2::int[], $3::uuid[]) AS u(partition, claim) ON p.partition = u.partition AND p.claim = u.claim
            WHERE p.topic_id = $1 AND p.status = 'running' ORDER BY p.partition FOR UPDATE OF p
         )
         UPDATE plimsoll_internal.positions p SET status = 'idle', owner = '', updated_at = now()
         FROM ours WHERE p.topic_id = ours.topic_id AND p.partition = ours.partition",
        values,
    )
    .await?;
    Ok(())
}

/// Those of `halted` that an operator resumed.
pub(crate) async fn resumed<C: ConnectionTrait>(db: &C, topic_id: i16, halted: &[i32]) -> Result<Vec<i32>, DbErr> {
    let rows = db
        .query_all_raw(statement(
            "SELECT partition FROM plimsoll_internal.positions
             WHERE topic_id = $1 AND partition = ANY($2::int[]) AND status <> 'halted' ORDER BY partition",
            [topic_id.into(), array(halted.iter().copied())],
        ))
        .await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
