//! Going back: a new revision that says what an older one said. Revisions themselves never go
//! back, so that what decided can always be told.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::activate::append;
use super::{Error, Shelf, Wish, stored};
use crate::database::statement;

/// A roll-back that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolledBack {
    /// The new revision.
    pub revision: i32,
    /// The older one that it repeats.
    pub repeats: i32,
}

/// Makes an older ruleset the desired one again: revision `to`, or else the newest that differs
/// from the present. Floors are not looked at: they make no stock wrong, and this may be urgent.
///
/// # Errors
/// If there is none, its bundles are refused by now, or somebody else was faster.
pub async fn rollback(
    db: &DatabaseConnection,
    shelf: &Arc<Shelf>,
    to: Option<i32>,
    by: &str,
) -> Result<RolledBack, Error> {
    let newest = stored::newest(db).await?;
    let repeats = match to {
        Some(to) => to,
        None => previous(db).await?.ok_or(Error::NothingBefore)?,
    };
    let document = stored::document(db, repeats).await?;
    shelf
        .ready(stored::with_files(db, &document).await?)
        .await?;
    let wish = Wish {
        by,
        reason: &format!("roll-back to revision {repeats}"),
        expected: Some(newest),
    };
    let revision = append(db, &document, wish).await?;
    Ok(RolledBack { revision, repeats })
}

/// The newest revision that differs from the present one.
async fn previous(db: &DatabaseConnection) -> Result<Option<i32>, DbErr> {
    let sql = "
SELECT max(revision) FROM plimsoll_internal.rulesets
WHERE digest <> (SELECT digest FROM plimsoll_internal.rulesets ORDER BY revision DESC LIMIT 1)";
    let row = db.query_one_raw(statement(sql, [])).await?;
    row.map_or(Ok(None), |row| row.try_get_by_index(0))
}
