//! Storing a bundle. It decides nothing until a ruleset that names it is activated.

use plimsoll_rule_host::{Bundle, Digest};
use sea_orm::{DatabaseConnection, DbErr};

use super::{Error, Shelf};
use crate::database::execute;

/// A bundle that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// What a ruleset names it by.
    pub digest: Digest,
    /// What it is called.
    pub name: String,
    /// Its version, for people.
    pub version: String,
    /// Whether this very file was not there before.
    pub new: bool,
}

/// Stores a bundle's file, unless it is there. The same bundle with other signatures is kept
/// beside the former, and counts from the next activation or start on.
///
/// # Errors
/// If it is no bundle, or nobody trusted answers for it.
pub async fn push(
    db: &DatabaseConnection,
    shelf: &Shelf,
    file: &[u8],
    by: &str,
) -> Result<Pushed, Error> {
    let bundle = shelf.open(file)?;
    let new = insert(db, &bundle, file, by).await?;
    let manifest = bundle.manifest();
    Ok(Pushed {
        digest: bundle.digest(),
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        new,
    })
}

async fn insert(
    db: &DatabaseConnection,
    bundle: &Bundle,
    file: &[u8],
    by: &str,
) -> Result<bool, DbErr> {
    let sql = "INSERT INTO plimsoll_internal.bundles (digest, name, version, file, pushed_by)
               VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let manifest = bundle.manifest();
    let values = [
        bundle.digest().to_string().into(),
        manifest.name.clone().into(),
        manifest.version.clone().into(),
        file.to_vec().into(),
        by.into(),
    ];
    Ok(execute(db, sql, values).await? == 1)
}
