//! I19: what readers were told about stock while the service ran. It does not know how they asked.

use std::collections::HashSet;

use sea_orm::sqlx;

use super::findings::{Findings, Invariant};
use super::snapshot::Snapshot;

/// One answer to "how much is there?".
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// The product asked for.
    pub sku: String,
    /// The version the answer named.
    pub version: i64,
    /// The units it named.
    pub stock: i64,
}

/// Every read is some ledger line's version and stock. Call it when the ledger holds all that could have been read.
pub async fn reads(database_url: &str, reads: &[Read]) -> anyhow::Result<Findings> {
    let mut snapshot = Snapshot::open(database_url).await?;
    let mut findings = Findings::default();
    for read in reads.iter().collect::<HashSet<_>>() {
        let line = sqlx::query(
            "SELECT 1 FROM ledger WHERE sku = $1 AND version = $2 AND stock_after = $3 LIMIT 1",
        );
        let line = line.bind(&read.sku).bind(read.version).bind(read.stock);
        if snapshot.rows(line).await?.is_empty() {
            findings.add(
                Invariant::I19,
                &read.sku,
                format!("no line has version {} and {}", read.version, read.stock),
            );
        }
    }
    Ok(findings)
}
