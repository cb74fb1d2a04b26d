//! The judge: whether the books balance, and whether every record has its one row. Knows the
//! contract only, and reads the topic by itself.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use serde_json::Value;

use super::{World, topic};

const BALANCES: &str = include_str!("balances.sql");

const ROWS: &str = "
SELECT partition, record_offset, sku, requested, NULL::bytea
FROM ledger WHERE topic = $1 AND kind <> 'external'
UNION ALL SELECT partition, record_offset, sku, NULL, CASE outcome WHEN 'duplicate' THEN NULL ELSE coalesce(payload, '') END
FROM refusals WHERE topic = $1
UNION ALL SELECT partition, record_offset, sku, NULL, payload FROM parked WHERE topic = $1";

/// One row of the ledger, the refusals or the parked events.
struct Row {
    sku: Option<String>,
    /// What the ledger says was asked for.
    requested: Option<i64>,
    /// The bytes, where the row must have them.
    payload: Option<Vec<u8>>,
}

/// What is wrong with stock, versions, ledger, identities and holds.
pub(crate) async fn balances<C: ConnectionTrait>(db: &C) -> Result<Vec<String>> {
    let rows = db
        .query_all_raw(Statement::from_string(DbBackend::Postgres, BALANCES))
        .await?;
    rows.iter()
        .map(|row| Ok(row.try_get_by_index(0)?))
        .collect()
}

impl World {
    /// The books balance, and every record below a position has exactly one row, with what the
    /// record says. Rows without a record are found, too.
    pub(crate) async fn exact(&self) -> Result<()> {
        let mut findings = balances(&self.db).await?;
        findings.extend(self.coverage().await?);
        ensure!(findings.is_empty(), "not exact:\n{}", findings.join("\n"));
        Ok(())
    }

    /// What is wrong with the records of the topic and their rows.
    pub(crate) async fn coverage(&self) -> Result<Vec<String>> {
        let positions = self.positions().await?;
        let kafka = &self.settings.kafka;
        let records = tokio::task::block_in_place(|| {
            topic::read_committed(kafka, positions.keys().copied())
        })?;
        let mut rows = self.outcomes().await?;
        let mut findings = Vec::new();
        for ((partition, offset), value) in &records {
            let (from, next) = positions[partition];
            let found = rows.remove(&(*partition, *offset)).unwrap_or_default();
            let at = format!("{partition}/{offset}");
            match found.as_slice() {
                [] if *offset >= next || *offset < from => {}
                [] => findings.push(format!("{at} has no row")),
                [_] if *offset >= next => findings.push(format!("{at} has a row too early")),
                [row] => findings.extend(row.differs_from(value).map(|why| format!("{at} {why}"))),
                several => findings.push(format!("{at} has {} rows", several.len())),
            }
        }
        findings.extend(
            rows.keys()
                .map(|at| format!("{at:?} has a row and no record")),
        );
        Ok(findings)
    }

    /// By partition: what is kept from there on, and the next offset.
    async fn positions(&self) -> Result<BTreeMap<i32, (i64, i64)>> {
        let query = "SELECT partition, retained_from, next_offset FROM positions";
        let statement = Statement::from_string(DbBackend::Postgres, query);
        let rows = self.db.query_all_raw(statement).await?;
        let position = |row: &sea_orm::QueryResult| {
            let bounds = (row.try_get_by_index(1)?, row.try_get_by_index(2)?);
            Ok((row.try_get_by_index(0)?, bounds))
        };
        rows.iter().map(position).collect()
    }

    async fn outcomes(&self) -> Result<BTreeMap<(i32, i64), Vec<Row>>> {
        let topic = self.settings.kafka.topic.clone();
        let statement = Statement::from_sql_and_values(DbBackend::Postgres, ROWS, [topic.into()]);
        let mut outcomes = BTreeMap::<_, Vec<Row>>::new();
        for row in self.db.query_all_raw(statement).await? {
            let at = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            outcomes.entry(at).or_default().push(Row {
                sku: row.try_get_by_index(2)?,
                requested: row.try_get_by_index(3)?,
                payload: row.try_get_by_index(4)?,
            });
        }
        Ok(outcomes)
    }
}

impl Row {
    fn differs_from(&self, value: &[u8]) -> Option<String> {
        if self.payload.as_ref().is_some_and(|kept| kept != value) {
            return Some("is kept with other bytes".to_owned());
        }
        // A record that is no event names no SKU in its row.
        let sku = self.sku.as_deref()?;
        let plain = String::from_utf8_lossy(value).replace(":+", ":");
        let event: Value = serde_json::from_str(&plain).unwrap_or_default();
        let asked = event["quantity_change"]
            .as_i64()
            .or(event["quantity"].as_i64());
        if event["product_id"] != sku {
            return Some(format!("is kept for {sku}"));
        }
        let applied = self.requested?;
        (Some(applied) != asked).then(|| format!("is applied as {applied}, not {asked:?}"))
    }
}
