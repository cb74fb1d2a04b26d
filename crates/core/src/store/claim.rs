//! Taking partitions: one statement writes a fresh claim, and every later write of their
//! positions compares it. Knows nothing of Kafka but offsets.

use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use super::array;
use crate::database::{execute, statement};

/// A partition that was taken.
#[derive(Clone, Debug)]
pub(crate) struct Claimed {
    pub(crate) claim: u128,
    pub(crate) next_offset: i64,
    /// Why it is halted, if it is. A claim never clears that.
    pub(crate) halted: Option<String>,
}

/// The topic's number, its partitions when it was first met, and Kafka's id of it as stored.
pub(crate) async fn ensure_topic<C: ConnectionTrait>(
    db: &C,
    name: &str,
    partitions: i32,
) -> Result<(i16, i32), DbErr> {
    execute(
        db,
        "INSERT INTO plimsoll_internal.topics (name, partitions) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING",
        [name.into(), partitions.into()],
    )
    .await?;
    let row = db
        .query_one_raw(statement(
            "SELECT id, partitions FROM plimsoll_internal.topics WHERE name = $1",
            [name.into()],
        ))
        .await?;
    let row = row.expect("inserted above, and topics are never deleted");
    Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?))
}

/// Notes Kafka's id of the topic, if it is known, where none is stored. Answers the stored one; empty
/// if there is none.
pub(crate) async fn kafka_id<C: ConnectionTrait>(
    db: &C,
    topic_id: i16,
    id: Option<&str>,
) -> Result<String, DbErr> {
    if let Some(id) = id {
        execute(
            db,
            "UPDATE plimsoll_internal.topics SET kafka_id = $2 WHERE id = $1 AND kafka_id IS NULL",
            [topic_id.into(), id.into()],
        )
        .await?;
    }
    let sql = "SELECT coalesce(kafka_id, '') FROM plimsoll_internal.topics WHERE id = $1";
    let row = db.query_one_raw(statement(sql, [topic_id.into()])).await?;
    row.map_or_else(|| Ok(String::new()), |row| row.try_get_by_index(0))
}

const CREATE: &str = "
INSERT INTO plimsoll_internal.positions (topic_id, partition, next_offset, retained_from, claim, owner_epoch, owner, status)
VALUES ($1, $2, $3, $3, '00000000-0000-0000-0000-000000000000', 0, '', 'idle')
ON CONFLICT DO NOTHING";

/// Waits for a former owner's transaction, and answers the position as that left it.
const CLAIM: &str = "
UPDATE plimsoll_internal.positions p
SET claim = $3, owner_epoch = p.owner_epoch + 1, owner = $4, updated_at = now(),
    status = CASE p.status WHEN 'halted' THEN 'halted' ELSE 'running' END
WHERE topic_id = $1 AND partition = $2
RETURNING p.next_offset, CASE p.status WHEN 'halted' THEN coalesce(p.halt_reason, 'halted') END";

/// Takes a partition. One met for the first time starts at `start`.
pub(crate) async fn claim<C: ConnectionTrait>(
    db: &C,
    topic_id: i16,
    owner: &str,
    partition: i32,
    start: Option<i64>,
) -> Result<Claimed, DbErr> {
    if let Some(start) = start {
        execute(
            db,
            CREATE,
            [topic_id.into(), partition.into(), start.into()],
        )
        .await?;
    }
    let claim = Uuid::new_v4();
    let values = [
        topic_id.into(),
        partition.into(),
        claim.into(),
        owner.into(),
    ];
    let row = db.query_one_raw(statement(CLAIM, values)).await?;
    let row = row.ok_or_else(|| DbErr::Custom(format!("partition {partition} has no position")))?;
    Ok(Claimed {
        claim: claim.as_u128(),
        next_offset: row.try_get_by_index(0)?,
        halted: row.try_get_by_index(1)?,
    })
}

/// Stops a partition until an operator resumes it, if it is still ours.
pub(crate) async fn halt<C: ConnectionTrait>(
    db: &C,
    topic_id: i16,
    partition: i32,
    claim: u128,
    reason: &str,
) -> Result<(), DbErr> {
    let values = [
        topic_id.into(),
        partition.into(),
        Uuid::from_u128(claim).into(),
        reason.replace('\0', "").into(),
    ];
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
pub(crate) async fn let_go<C: ConnectionTrait>(
    db: &C,
    topic_id: i16,
    claims: &[(i32, u128)],
) -> Result<(), DbErr> {
    let values = [
        topic_id.into(),
        array(claims.iter().map(|c| c.0)),
        array(claims.iter().map(|c| Uuid::from_u128(c.1))),
    ];
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

/// Those of `halted` that an operator resumed, or that the database forgot because it went back.
pub(crate) async fn resumed<C: ConnectionTrait>(
    db: &C,
    topic_id: i16,
    halted: &[i32],
) -> Result<Vec<i32>, DbErr> {
    let rows = db
        .query_all_raw(statement(
            "SELECT h.partition FROM unnest($2::int[]) AS h(partition)
             LEFT JOIN plimsoll_internal.positions p ON p.topic_id = $1 AND p.partition = h.partition
             WHERE p.status IS DISTINCT FROM 'halted' ORDER BY h.partition",
            [topic_id.into(), array(halted.iter().copied())],
        ))
        .await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}
