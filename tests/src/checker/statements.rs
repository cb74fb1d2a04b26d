//! The invariants that the database alone can show, one statement each: it returns a row (place, what) for every
//! breach, at most 20.

use sea_orm::sqlx::postgres::PgRow;
use sea_orm::sqlx::{self, Row};

use super::findings::{Findings, Invariant};
use super::snapshot::Snapshot;

type Statement = (Invariant, &'static str);

/// Hold in every snapshot, also under load.
pub(super) const ANY_TIME: &[Statement] = &[
    (Invariant::I1, include_str!("sql/sum.sql")),
    (Invariant::I2, include_str!("sql/floor_now.sql")),
    (Invariant::I3, include_str!("sql/versions.sql")),
    (Invariant::I4, include_str!("sql/chain.sql")),
    (Invariant::I8, include_str!("sql/order.sql")),
    (Invariant::I17, include_str!("sql/deadlocks.sql")),
];

/// Holds as long as nobody changes a floor.
pub(super) const FLOORS_NEVER_MOVED: &[Statement] =
    &[(Invariant::I2, include_str!("sql/floor_ever.sql"))];

/// Hold when the system is quiet.
pub(super) const AT_END: &[Statement] = &[
    (Invariant::I6, include_str!("sql/decided_once.sql")),
    (Invariant::I6, include_str!("sql/first_copy.sql")),
    (Invariant::I12, include_str!("sql/revisions.sql")),
    (Invariant::I18, include_str!("sql/idle_in_transaction.sql")),
];

pub(super) async fn run(
    snapshot: &mut Snapshot,
    statements: &[Statement],
    findings: &mut Findings,
) -> anyhow::Result<()> {
    for &(invariant, sql) in statements {
        add(invariant, &snapshot.rows(sqlx::query(sql)).await?, findings)?;
    }
    Ok(())
}

/// I5: rows that name no record the topic could have.
pub(super) async fn strangers(
    snapshot: &mut Snapshot,
    topic: &str,
    partitions: i32,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let query = sqlx::query(include_str!("sql/strangers.sql"))
        .bind(topic)
        .bind(partitions);
    add(Invariant::I5, &snapshot.rows(query).await?, findings)
}

fn add(invariant: Invariant, breaches: &[PgRow], findings: &mut Findings) -> anyhow::Result<()> {
    for breach in breaches {
        findings.add(
            invariant,
            breach.try_get::<&str, _>("place")?,
            breach.try_get::<&str, _>("what")?,
        );
    }
    Ok(())
}
