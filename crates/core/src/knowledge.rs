//! What this process knows of the rows of recently used SKUs. An entry is read and written
//! only by whoever holds the SKU's lock. Knows no SQL.
//!
//! Everything known belongs to an epoch: a new connection, a claim, a position that went back
//! start another one, and with it everything known before is forgotten. Absence is never kept.

use parking_lot::Mutex;
use plimsoll_domain::Stock;
use rustc_hash::FxHashMap;

use crate::locks::Sku;

/// Rows kept at most: about 200 bytes each, so 40 MB. Beyond it everything is forgotten, which
/// costs one read per SKU and needs no bookkeeping on the way.
const ROWS_MAX: usize = 200_000;

/// A product's row as last committed or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Its key.
    pub(crate) id: i64,
    /// What a fold needs of it.
    pub(crate) stock: Stock,
    /// Whether refusals of it may answer for an identity.
    pub(crate) refused: bool,
}

/// The rows known, and the epoch they belong to.
#[derive(Default)]
pub(crate) struct Knowledge {
    inner: Mutex<(u64, FxHashMap<Sku, Row>)>,
}

impl Knowledge {
    /// The present epoch.
    pub(crate) fn epoch(&self) -> u64 {
        self.inner.lock().0
    }

    /// Forgets everything.
    pub(crate) fn start_epoch(&self) {
        let mut inner = self.inner.lock();
        inner.0 += 1;
        inner.1.clear();
    }

    /// The rows of `skus` that are known, and the epoch they are known in.
    pub(crate) fn of<'a>(&self, skus: impl Iterator<Item = &'a Sku>) -> (u64, Vec<Option<Row>>) {
        let inner = self.inner.lock();
        (inner.0, skus.map(|sku| inner.1.get(sku).copied()).collect())
    }

    /// Keeps rows learnt in `epoch`, unless another has begun.
    pub(crate) fn keep(&self, epoch: u64, rows: impl Iterator<Item = (Sku, Row)>) {
        let mut inner = self.inner.lock();
        if inner.0 != epoch {
            return;
        }
        if inner.1.len() > ROWS_MAX {
            inner.1.clear();
        }
        inner.1.extend(rows);
    }

    /// Forgets `skus`.
    pub(crate) fn forget<'a>(&self, skus: impl Iterator<Item = &'a Sku>) {
        let mut inner = self.inner.lock();
        for sku in skus {
            inner.1.remove(sku);
        }
    }
}

#[cfg(test)]
mod tests;
