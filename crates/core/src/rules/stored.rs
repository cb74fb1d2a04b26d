//! Bundles and rulesets as the database has them. Verifies that a document is the one that was
//! activated; whether a bundle may be used is the shelf's to say.

use std::collections::{BTreeSet, HashMap};

use plimsoll_rule_host::ruleset::Mode;
use plimsoll_rule_host::{Digest, Document};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::{Error, breaker};
use crate::clock;
use crate::database::statement;

/// Of several files of one digest, so many are tried.
const FILES_MAX: i64 = 8;

/// A ruleset that was activated, with the files of its bundles.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Its number.
    pub revision: i32,
    /// When signatures must have been valid, in seconds since 1970: when it was activated; if the
    /// breaker wrote it, when what it stands in for was. What decided once must be there again after a
    /// restart, however long ago.
    pub valid_s: i64,
    /// What it says.
    pub document: Document,
    /// The files of the bundles that it asks, newest first; none for one that is not there.
    pub files: HashMap<Digest, Vec<File>>,
}

/// A pushed file. Nothing about it is verified.
#[derive(Clone, Debug)]
pub struct File {
    /// Its place in the order of pushes.
    pub number: i64,
    /// What it is called.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Reads a revision and its bundles.
///
/// # Errors
/// If it is not there, or not what was activated.
pub async fn load(db: &DatabaseConnection, revision: i32) -> Result<Stored, Error> {
    let document = document(db, revision).await?;
    Ok(Stored {
        revision,
        valid_s: activated_s(db, revision).await?,
        files: files(db, &document).await?,
        document,
    })
}

/// A document with its bundles, as if it were stored already, under revision 0: to be tried.
///
/// # Errors
/// If the database fails.
pub async fn with_files(db: &DatabaseConnection, document: &Document) -> Result<Stored, Error> {
    Ok(Stored {
        revision: 0,
        valid_s: clock::now_s(),
        files: files(db, document).await?,
        document: document.clone(),
    })
}

/// When the newest revision up to this one was activated that the breaker did not write. Nobody
/// signs anew when it trips: were its own revision judged by its own time, any bundle in it whose
/// signature expired meanwhile would make every replica refuse it.
pub(super) async fn activated_s(db: &DatabaseConnection, revision: i32) -> Result<i64, DbErr> {
    let sql = "SELECT extract(epoch FROM activated_at)::bigint FROM plimsoll_internal.rulesets
               WHERE revision <= $1 ORDER BY activated_by = $2, revision DESC LIMIT 1";
    let values = [revision.into(), breaker::NAME.into()];
    let row = db.query_one_raw(statement(sql, values)).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// The desired revision; 0 if there never was one.
pub(super) async fn newest(db: &DatabaseConnection) -> Result<i32, DbErr> {
    let sql = "SELECT coalesce(max(revision), 0) FROM plimsoll_internal.rulesets";
    let row = db.query_one_raw(statement(sql, [])).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}

/// Revisions above one, newest first.
pub(super) async fn above(
    db: &DatabaseConnection,
    revision: i32,
    most: i64,
) -> Result<Vec<i32>, DbErr> {
    let sql = "SELECT revision FROM plimsoll_internal.rulesets WHERE revision > $1
               ORDER BY revision DESC LIMIT $2";
    let rows = db
        .query_all_raw(statement(sql, [revision.into(), most.into()]))
        .await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// The digest that a revision was stored with; nothing if there is no such revision.
pub(super) async fn digest(
    db: &DatabaseConnection,
    revision: i32,
) -> Result<Option<String>, DbErr> {
    let sql = "SELECT digest FROM plimsoll_internal.rulesets WHERE revision = $1";
    let row = db.query_one_raw(statement(sql, [revision.into()])).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// What a revision says.
pub(super) async fn document(db: &DatabaseConnection, revision: i32) -> Result<Document, Error> {
    let sql = "SELECT digest, document::text FROM plimsoll_internal.rulesets WHERE revision = $1";
    let row = db.query_one_raw(statement(sql, [revision.into()])).await?;
    let row = row.ok_or(Error::NoRevision(revision))?;
    let (digest, json): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
    let document = Document::from_json(json.as_bytes())?;
    match document.digest().to_string() == digest {
        true => Ok(document),
        false => Err(Error::Altered(revision)),
    }
}

/// The files of all bundles that are asked; those that are off may be as bad as they like.
async fn files(
    db: &DatabaseConnection,
    document: &Document,
) -> Result<HashMap<Digest, Vec<File>>, DbErr> {
    let asked = document.rules.iter().filter(|rule| rule.mode != Mode::Off);
    let named: BTreeSet<Digest> = asked.map(|rule| rule.bundle).collect();
    let mut files = HashMap::new();
    for digest in named {
        files.insert(digest, files_of(db, digest).await?);
    }
    Ok(files)
}

async fn files_of(db: &DatabaseConnection, digest: Digest) -> Result<Vec<File>, DbErr> {
    let sql = "SELECT number, name, file FROM plimsoll_internal.bundles WHERE digest = $1
               ORDER BY number DESC LIMIT $2";
    let values = [digest.to_string().into(), FILES_MAX.into()];
    let rows = db.query_all_raw(statement(sql, values)).await?;
    let file = |row: &sea_orm::QueryResult| {
        Ok(File {
            number: row.try_get_by_index(0)?,
            name: row.try_get_by_index(1)?,
            bytes: row.try_get_by_index(2)?,
        })
    };
    rows.iter().map(file).collect()
}
