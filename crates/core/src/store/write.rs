//! A folded batch as rows, written in the order of locks that everybody keeps: positions
//! (already moved), SKUs without a product, products, then inserts. Decides nothing.

mod products;
mod rows;
mod unknown;

use std::sync::Arc;

use plimsoll_domain::{After, Folded, Slot};
use sea_orm::{ConnectionTrait, DbErr};

use super::attempt::Job;
use super::parts::List;
use super::read::Known;
use super::{Judged, Store};
use crate::batch::Entry;
use crate::knowledge::Row;

/// A folded attempt and what it was folded from.
pub(super) struct Folds<'a> {
    pub(super) job: &'a Job,
    pub(super) known: &'a [Known],
    pub(super) parts: &'a List,
    pub(super) judged: &'a Judged,
}

impl Folds<'_> {
    /// Writes everything but the positions. Answers whether every row was as it was seen;
    /// if not, the transaction must not be committed.
    pub(super) async fn write<C: ConnectionTrait>(&self, tx: &C) -> Result<bool, DbErr> {
        let touched: Vec<usize> = (0..self.known.len())
            .filter(|&slot| self.judged.folded.slots[slot].touched())
            .collect();
        if !unknown::write(self, tx, &touched).await? {
            return Ok(false);
        }
        let Some(ids) = products::create(self, tx, &touched).await? else {
            return Ok(false);
        };
        if !products::update(self, tx, &touched).await? {
            return Ok(false);
        }
        products::open(self, tx, &touched, &ids).await?;
        rows::insert(self, tx, &touched, &ids).await?;
        Ok(true)
    }

    /// The trace that has the span of an event that moves nothing; a parked one keeps what it had.
    fn trace(&self, entry: &Entry) -> Option<u128> {
        let shown = self.job.batch.trace.shows(entry.producer.as_ref());
        shown.or(entry.trace)
    }

    fn after(&self, slot: usize) -> &After {
        &self.judged.folded.slots[slot]
    }
}

/// Keeps what a committed attempt made of its SKUs, and the identities it wrote.
pub(super) fn learn(
    store: &Store,
    job: &Job,
    known: &[Known],
    epoch: u64,
    parts: &Arc<List>,
    folded: &Folded,
) {
    let rows = folded
        .slots
        .iter()
        .zip(known)
        .zip(job.batch.skus.iter())
        .filter(|((after, _), _)| after.touched());
    let (kept, unsure): (Vec<_>, Vec<_>) =
        rows.partition(|((after, known), _)| known.id != 0 && has_ledger(after));
    store
        .knowledge
        .forget(unsure.into_iter().map(|(_, sku)| sku));
    let kept = kept
        .into_iter()
        .filter_map(|((after, known), sku)| match after.now {
            Slot::Product(stock) => Some((
                sku.clone(),
                Row {
                    id: known.id,
                    stock,
                    refused: known.refused || after.refused,
                },
            )),
            Slot::Unknown(_) => None,
        });
    store.knowledge.keep(epoch, kept);
    for (read, outcome) in job.reads().zip(&folded.outcomes) {
        if let (Some(key), plimsoll_domain::Outcome::Movement { .. }) = (read.event.key, outcome) {
            parts.written(known[read.event.slot as usize].id, key);
        }
    }
}

fn has_ledger(after: &After) -> bool {
    matches!(after.now, Slot::Product(stock) if stock.ledger.is_some())
}
