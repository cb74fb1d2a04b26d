//! I11: the database against the model, record by record and product by product.

use sea_orm::sqlx::{self, Row};

use super::Expect;
use super::answers::{Answer, Room};
use super::findings::{Findings, Invariant};
use super::model::{Model, Product, Verdict};
use super::payload::{Event, Malformed};
use super::snapshot::Snapshot;

/// The model, folding the partitions one after the other.
pub(super) struct Replay(Model);

impl Replay {
    /// Starts from the openings.
    ///
    /// # Errors
    /// When stock was changed from outside: no fold of the log can know that.
    pub(super) async fn new(snapshot: &mut Snapshot, expect: Expect) -> anyhow::Result<Self> {
        let external = snapshot
            .rows(sqlx::query(
                "SELECT 1 FROM ledger WHERE kind = 'external' LIMIT 1",
            ))
            .await?;
        anyhow::ensure!(
            external.is_empty(),
            "a ledger with external lines cannot be modelled"
        );
        let mut model = Model::new(stock_max(snapshot).await?, expect.unknown_rejected);
        snapshot
            .declare(sqlx::query(include_str!("sql/openings.sql")))
            .await?;
        loop {
            let rows = snapshot.piece().await?;
            if rows.is_empty() {
                return Ok(Self(model));
            }
            for row in rows {
                let (stock, version) = (row.try_get("stock")?, row.try_get("version")?);
                model.open(
                    row.try_get("sku")?,
                    Product {
                        stock,
                        version,
                        floor: row.try_get("stock_floor")?,
                    },
                );
            }
        }
    }

    /// Folds one record and compares its row; a record without exactly one row is [`super::coverage`]'s finding.
    pub(super) fn record(
        &mut self,
        place: &str,
        decoded: &Result<Event, Malformed>,
        rows: &[Answer],
        findings: &mut Findings,
    ) {
        let Ok(event) = decoded else { return };
        let verdict = self.0.fold(event);
        if let [row] = rows
            && !agrees(verdict, row)
        {
            findings.add(
                Invariant::I11,
                place,
                format!("the model says {verdict:?}, the database {row:?}"),
            );
        }
    }

    /// The next partition has other SKUs.
    pub(super) fn forget_ids(&mut self) {
        self.0.forget_ids();
    }

    /// Compares where the products stand.
    pub(super) async fn finish(
        self,
        snapshot: &mut Snapshot,
        findings: &mut Findings,
    ) -> anyhow::Result<()> {
        snapshot
            .declare(sqlx::query(include_str!("sql/products.sql")))
            .await?;
        loop {
            let rows = snapshot.piece().await?;
            if rows.is_empty() {
                return Ok(());
            }
            for row in rows {
                let sku: &str = row.try_get("sku")?;
                let (stock, version) = (row.try_get("stock")?, row.try_get("version")?);
                if let Some(model) = self.0.product(sku)
                    && (model.stock, model.version) != (stock, version)
                {
                    let (ours, at) = (model.stock, model.version);
                    let what = format!(
                        "the model has {ours} at version {at}, the database {stock} at {version}"
                    );
                    findings.add(Invariant::I11, sku, what);
                }
            }
        }
    }
}

fn agrees(verdict: Verdict, row: &Answer) -> bool {
    let refused =
        |outcome: &str| row.room == Room::Refusals && row.outcome.as_deref() == Some(outcome);
    let saw =
        |product: Product| row.version == Some(product.version) && row.stock == Some(product.stock);
    match verdict {
        Verdict::Moved(change, after) => {
            row.room == Room::Ledger && row.quantity_change == Some(change) && saw(after)
        }
        Verdict::Rejected(code, seen) => {
            refused("rejected") && row.code.as_deref() == Some(code) && seen.is_none_or(saw)
        }
        Verdict::Duplicate => refused("duplicate"),
        Verdict::UnknownSku => refused("unknown_sku"),
        Verdict::Parked => row.room == Room::Parked,
    }
}

/// An adopted table may be narrower than `bigint`.
async fn stock_max(snapshot: &mut Snapshot) -> anyhow::Result<i64> {
    let column = "SELECT format_type(atttypid, NULL) AS type FROM pg_attribute
                  WHERE attrelid = 'products'::regclass AND attname = 'current_stock'";
    let rows = snapshot.rows(sqlx::query(column)).await?;
    Ok(
        match rows
            .first()
            .map(|row| row.try_get::<&str, _>("type"))
            .transpose()?
        {
            Some("smallint") => i16::MAX.into(),
            Some("integer") => i32::MAX.into(),
            _ => i64::MAX,
        },
    )
}
