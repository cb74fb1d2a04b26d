//! What the tables say, as one shape for the command line's `--json` and for the HTTP side. Reads
//! only; each answer is bounded.

pub(crate) mod ledger;
pub(crate) mod parked;
pub(crate) mod positions;
pub(crate) mod products;

use sea_orm::sqlx::types::Json;

/// Rows of a statement whose only column is JSON: PostgreSQL packs them, serde unpacks them.
pub(crate) type Rows<T> = Vec<Json<T>>;

/// The rows themselves.
pub(crate) fn unpack<T>(rows: Rows<T>) -> Vec<T> {
    rows.into_iter().map(|Json(row)| row).collect()
}
