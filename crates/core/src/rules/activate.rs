//! Making a ruleset the desired one. What replicas would refuse is refused here, before it is
//! written; how they follow is not known here.

use std::sync::Arc;

use plimsoll_rule_host::Document;
use sea_orm::{DatabaseConnection, DbErr};

use super::{Error, Shelf, floors, stored};
use crate::database::execute;

/// Others may be faster this often before a request without an expectation gives up.
const TRIES_MAX: u32 = 10;

/// Who wants a change, and on what condition.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// Who.
    pub by: &'a str,
    /// Why; empty if they did not say.
    pub reason: &'a str,
    /// The revision that must be the desired one until then (0: none at all); whichever it is,
    /// if nothing is expected.
    pub expected: Option<i32>,
}

/// Makes a ruleset the desired one, after all of its bundles became rules here. The new revision.
/// For `created_floor` see [`Settings`](super::Settings).
///
/// # Errors
/// If a bundle is not there or refused, a parameter is out of range, a floor is too high for what
/// a rule allows, or another revision is desired than expected.
pub async fn activate(
    db: &DatabaseConnection,
    shelf: &Arc<Shelf>,
    document: &Document,
    created_floor: Option<i64>,
    wish: Wish<'_>,
) -> Result<i32, Error> {
    document.check()?;
    let ready = shelf.ready(stored::with_files(db, document).await?).await?;
    floors::check(db, document, &ready.rules, created_floor).await?;
    append(db, document, wish).await
}

/// Writes the next revision by compare-and-set.
pub(super) async fn append(
    db: &DatabaseConnection,
    document: &Document,
    wish: Wish<'_>,
) -> Result<i32, Error> {
    let mut expected = 0;
    for _ in 0..TRIES_MAX {
        let found = stored::newest(db).await?;
        expected = wish.expected.unwrap_or(found);
        if found != expected {
            return Err(Error::Moved { expected, found });
        }
        if insert(db, expected + 1, document, wish).await? {
            return Ok(expected + 1);
        }
    }
    let found = stored::newest(db).await?;
    Err(Error::Moved { expected, found })
}

/// Of two who write the same revision the later waits for the earlier, and then writes nothing.
async fn insert(
    db: &DatabaseConnection,
    revision: i32,
    document: &Document,
    wish: Wish<'_>,
) -> Result<bool, DbErr> {
    let sql = "
INSERT INTO plimsoll_internal.rulesets (revision, digest, document, activated_by, reason)
SELECT $1, $2, $3::jsonb, $4, nullif($5, '')
WHERE $1 = (SELECT coalesce(max(revision), 0) + 1 FROM plimsoll_internal.rulesets)
ON CONFLICT DO NOTHING";
    let values = [
        revision.into(),
        document.digest().to_string().into(),
        document.to_json().into(),
        wish.by.into(),
        wish.reason.into(),
    ];
    Ok(execute(db, sql, values).await? == 1)
}
