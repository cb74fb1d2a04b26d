//! What this replica tells others about itself: a row that is written when it changes, and often
//! enough to show that somebody is alive. Nothing is decided by it.

use std::time::{Duration, Instant};

use sea_orm::{DatabaseConnection, DbErr};

use crate::database::execute;

/// The row is written at least this often; well below what counts as silent.
const BEAT: Duration = Duration::from_secs(10);

/// What others may know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) desired: i32,
    pub(super) active: i32,
    pub(super) active_digest: String,
    /// Empty if nothing is wrong.
    pub(super) error: String,
}

/// The row of this replica.
pub(super) struct Row {
    instance: String,
    written: Option<(Instant, Told)>,
}

impl Row {
    pub(super) fn new(instance: &str) -> Row {
        Row {
            instance: instance.to_owned(),
            written: None,
        }
    }

    /// Writes what is new, or that nothing is. Rows of replicas that are long gone go with it.
    pub(super) async fn tell(&mut self, db: &DatabaseConnection, told: &Told) -> Result<(), DbErr> {
        let known = |(when, written): &(Instant, Told)| when.elapsed() < BEAT && written == told;
        if self.written.as_ref().is_some_and(known) {
            return Ok(());
        }
        let sql = "
WITH gone AS (DELETE FROM plimsoll_internal.replicas WHERE updated_at < now() - interval '1 day' AND instance <> $1)
INSERT INTO plimsoll_internal.replicas (instance, desired, active, active_digest, error)
VALUES ($1, $2, $3, nullif($4, ''), nullif($5, ''))
ON CONFLICT (instance) DO UPDATE SET desired = excluded.desired, active = excluded.active,
    active_digest = excluded.active_digest, error = excluded.error, updated_at = now()";
        let values = [
            self.instance.as_str().into(),
            told.desired.into(),
            told.active.into(),
            told.active_digest.as_str().into(),
            told.error.as_str().into(),
        ];
        execute(db, sql, values).await?;
        self.written = Some((Instant::now(), told.clone()));
        Ok(())
    }
}
