//! What is desired, what each replica decides by, and why they differ. Changes nothing.

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult};
use serde::Serialize;

use super::{Error, stored};
use crate::database::statement;

/// A replica that was not heard of for this long does not run any more.
const SILENT_S: f64 = 30.0;

/// The rules of a database and those who follow them.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Status {
    /// The desired ruleset; nothing before the first activation.
    pub desired: Option<Desired>,
    /// Every replica that was heard of within a day, by its name.
    pub replicas: Vec<Replica>,
}

/// The desired ruleset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Desired {
    /// Its number.
    pub revision: i32,
    /// Its digest.
    pub digest: String,
    /// When it was activated, RFC 3339.
    pub activated_at: String,
    /// Who activated it: a person, `folder` or `breaker`.
    pub activated_by: String,
    /// Why, if they said so.
    pub reason: Option<String>,
    /// Its rules, in the order written.
    pub rules: Vec<Bound>,
}

/// One rule of a ruleset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bound {
    /// The bundle's name; empty if it is not there.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its digest.
    pub bundle: String,
    /// `off`, `shadow`, `canary N%` or `enforce`.
    pub mode: String,
    /// Lower is shown first.
    pub priority: i32,
}

/// A running service, or one that ran.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replica {
    /// Its name.
    pub instance: String,
    /// The desired revision as it last saw it.
    pub desired: i32,
    /// The revision that it decides by; 0 without rules.
    pub active: i32,
    /// That revision's digest.
    pub active_digest: Option<String>,
    /// Why the two differ.
    pub error: Option<String>,
    /// When it was last heard of, RFC 3339.
    pub updated_at: String,
    /// Whether that is so recent that it runs.
    pub running: bool,
}

/// Reads all of it.
///
/// # Errors
/// If the database fails, or the desired ruleset is not the one that was activated.
pub async fn status(db: &DatabaseConnection) -> Result<Status, Error> {
    let newest = stored::newest(db).await?;
    Ok(Status {
        desired: match newest {
            0 => None,
            revision => Some(desired(db, revision).await?),
        },
        replicas: replicas(db).await?,
    })
}

/// RFC 3339, whatever the session's time zone.
macro_rules! rfc3339 {
    ($column:literal) => {
        concat!(
            "to_char(",
            $column,
            " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
        )
    };
}

async fn desired(db: &DatabaseConnection, revision: i32) -> Result<Desired, Error> {
    let sql = concat!(
        "SELECT digest, ",
        rfc3339!("activated_at"),
        ", activated_by, reason FROM plimsoll_internal.rulesets WHERE revision = $1"
    );
    let row = db.query_one_raw(statement(sql, [revision.into()])).await?;
    let row = row.ok_or(Error::NoRevision(revision))?;
    let mut rules = Vec::new();
    for binding in stored::document(db, revision).await?.rules {
        let bundle = binding.bundle.to_string();
        let (name, version) = named(db, &bundle).await?.unwrap_or_default();
        rules.push(Bound {
            name,
            version,
            bundle,
            mode: binding.mode.to_string(),
            priority: binding.priority,
        });
    }
    Ok(Desired {
        revision,
        digest: row.try_get_by_index(0)?,
        activated_at: row.try_get_by_index(1)?,
        activated_by: row.try_get_by_index(2)?,
        reason: row.try_get_by_index(3)?,
        rules,
    })
}

/// Name and version of a bundle.
pub(super) async fn named(
    db: &DatabaseConnection,
    digest: &str,
) -> Result<Option<(String, String)>, DbErr> {
    let sql = "SELECT name, version FROM plimsoll_internal.bundles WHERE digest = $1 LIMIT 1";
    let row = db.query_one_raw(statement(sql, [digest.into()])).await?;
    row.map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)))
        .transpose()
}

async fn replicas(db: &DatabaseConnection) -> Result<Vec<Replica>, DbErr> {
    let sql = concat!(
        "SELECT instance, desired, active, active_digest, error, ",
        rfc3339!("updated_at"),
        ", updated_at > now() - $1 * interval '1 second'
         FROM plimsoll_internal.replicas ORDER BY instance"
    );
    let rows = db.query_all_raw(statement(sql, [SILENT_S.into()])).await?;
    rows.iter().map(replica).collect()
}

fn replica(row: &QueryResult) -> Result<Replica, DbErr> {
    Ok(Replica {
        instance: row.try_get_by_index(0)?,
        desired: row.try_get_by_index(1)?,
        active: row.try_get_by_index(2)?,
        active_digest: row.try_get_by_index(3)?,
        error: row.try_get_by_index(4)?,
        updated_at: row.try_get_by_index(5)?,
        running: row.try_get_by_index(6)?,
    })
}
