//! Positions of partitions.

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{self, query_scalar};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::unpack;

/// How far a partition is applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct Position {
    /// The topic.
    pub(crate) topic: String,
    /// The partition.
    pub(crate) partition: i32,
    /// The next offset to apply; everything below has its row.
    pub(crate) next_offset: i64,
    /// Records below have no row any more, or never had one.
    pub(crate) retained_from: i64,
    /// How often it was claimed.
    pub(crate) owner_epoch: i64,
    /// Who claimed it last; empty if nobody has it.
    pub(crate) owner: String,
    /// `running`, `halted` or `idle`.
    pub(crate) status: String,
    /// Why it is halted.
    pub(crate) halt_reason: Option<String>,
    /// When it moved last, RFC 3339.
    pub(crate) updated_at: String,
}

const ALL: &str = "
SELECT row_to_json(q) FROM (
    SELECT topic, partition, next_offset, retained_from, owner_epoch, owner, status, halt_reason, updated_at
    FROM positions ORDER BY topic, partition LIMIT $1
) q";

/// A cluster has fewer partitions than this.
const POSITIONS_MAX: i64 = 10_000;

/// All positions, by topic and partition.
pub(crate) async fn all(db: &PgPool) -> Result<Vec<Position>, sqlx::Error> {
    Ok(unpack(
        query_scalar(ALL).bind(POSITIONS_MAX).fetch_all(db).await?,
    ))
}
