//! Going back: a new revision that says what an older one said. Revisions themselves never go
//! back, so that what decided can always be told.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::activate::append;
use super::{Error, Shelf, Wish, breaker, stored};
use crate::database::statement;

/// How the reason of a roll-back begins; the revision that it repeats follows.
const REASON: &str = "roll-back to revision";

/// A roll-back that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolledBack {
    /// The new revision.
    pub revision: i32,
    /// The older one that it repeats.
    pub repeats: i32,
}

/// Makes an older ruleset the desired one again: revision `to`, or else the newest that differs
/// from the present, if that is no roll-back itself: what it left is not to come back unnamed. Floors are not looked at: they make no stock wrong, and this may be urgent.
///
/// # Errors
/// If there is none or it must be named, its bundles are refused by now, or somebody else was
/// faster.
pub async fn rollback(
    db: &DatabaseConnection,
    shelf: &Arc<Shelf>,
    to: Option<i32>,
    by: &str,
) -> Result<RolledBack, Error> {
    let newest = stored::newest(db).await?;
    let repeats = match to {
        Some(to) => to,
        None => previous(db, newest).await?.ok_or(Error::NothingBefore)?,
    };
    let document = stored::document(db, repeats).await?;
    shelf
        .ready(stored::with_files(db, &document).await?)
        .await?;
    let wish = Wish {
        by,
        reason: &format!("{REASON} {repeats}"),
        expected: Some(newest),
    };
    let revision = append(db, &document, wish).await?;
    Ok(RolledBack { revision, repeats })
}

/// The newest revision that differs from the present one.
async fn previous(db: &DatabaseConnection, newest: i32) -> Result<Option<i32>, Error> {
    if went_back(db, newest).await? {
        return Err(Error::WentBack(newest));
    }
    let sql = "
SELECT max(revision) FROM plimsoll_internal.rulesets
WHERE digest <> (SELECT digest FROM plimsoll_internal.rulesets WHERE revision = $1)";
    let row = db.query_one_raw(statement(sql, [newest.into()])).await?;
    Ok(row.map_or(Ok(None), |row| row.try_get_by_index(0))?)
}

/// Whether this revision is itself a roll-back, by a person or the breaker.
pub(super) async fn went_back(db: &DatabaseConnection, revision: i32) -> Result<bool, DbErr> {
    let sql = "SELECT activated_by = $2 OR coalesce(starts_with(reason, $3), false)
               FROM plimsoll_internal.rulesets WHERE revision = $1";
    let values = [revision.into(), breaker::NAME.into(), REASON.into()];
    let row = db.query_one_raw(statement(sql, values)).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}
