//! What a process knows of the database: rows it keeps, the ledger's parts with their filters, its
//! ruleset. The same rules of forgetting as the real store; no statement.

mod parts;

pub(crate) use parts::List;

use std::rc::Rc;

use plimsoll_domain::{Slot, Stock, UnknownSku};

use crate::database::TxId;
use crate::outside::Outside;
use crate::plan::Bug;
use crate::real::knowledge::{Knowledge, Row};
use crate::rules::Ruleset;
use crate::seen::Sight;

/// One SKU as read: what is folded, and what the write needs beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) slot: Slot,
    /// Whether a refusal of it may answer for an identity.
    pub(crate) refused: bool,
    /// Changes of its row in `unknown_skus`, if it has one.
    pub(crate) unknown: Option<i64>,
}

impl Known {
    pub(crate) fn has_product(&self) -> bool {
        matches!(self.slot, Slot::Product(_))
    }

    pub(crate) fn is_held(&self) -> bool {
        match self.slot {
            Slot::Product(stock) => stock.held,
            Slot::Unknown(unknown) => unknown.held,
        }
    }
}

/// What all lanes of a process share about the database.
pub(crate) struct Store {
    pub(crate) knowledge: Knowledge,
    pub(crate) parts: Rc<List>,
    pub(crate) ruleset: Ruleset,
    /// The highest revision that anybody here heard of.
    pub(crate) wanted: i32,
    /// Never forgets on purpose.
    keeps: bool,
}

impl Store {
    pub(crate) fn new(out: &mut Outside) -> Store {
        let mut store = Store {
            knowledge: Knowledge::default(),
            parts: Rc::new(List::read(out, None)),
            ruleset: Ruleset::default(),
            wanted: 0,
            keeps: out.has_bug(Bug::CacheKeptAfterARewind),
        };
        store.follow(out, false);
        store
    }

    /// Another connection: what was known from the one before is forgotten, and the parts are read, for
    /// the database may have gone back behind their filters.
    pub(crate) fn reconnected(&mut self, out: &Outside) {
        self.start_epoch();
        let kept = [Bug::FiltersKeptAfterARewind, Bug::MissingPartTakenAsRefusal];
        if !kept.iter().any(|&bug| out.has_bug(bug)) {
            self.refresh_parts(out);
        }
    }

    /// Everything known of rows is forgotten.
    pub(crate) fn start_epoch(&self) {
        if !self.keeps {
            self.knowledge.start_epoch();
        }
    }

    /// Keeps a product's row.
    pub(crate) fn keep(&self, epoch: u64, sku: usize, stock: Stock, refused: bool) {
        let row = Row {
            id: parts::id(sku),
            stock,
            refused,
        };
        self.knowledge.keep(epoch, [(sku, row)].into_iter());
    }

    pub(crate) fn refresh_parts(&mut self, out: &Outside) {
        let list = List::read(out, Some(&self.parts));
        if !(list.looks_like(&self.parts) && out.has_bug(Bug::FiltersKeptAfterARewind)) {
            self.parts = Rc::new(list);
        }
    }

    /// Builds the filter of the newest closed part that has none.
    pub(crate) fn build_filter(&mut self, out: &Outside) {
        if let Some(list) = self.parts.with_filter(out) {
            self.parts = Rc::new(list);
        }
    }

    /// Swaps to the desired ruleset, if it can be made ready; or else to an older one, if the
    /// present one is none or not enough.
    pub(crate) fn follow(&mut self, out: &mut Outside, busy: bool) {
        let active = self.ruleset;
        let stored = out.db.tables.digest(active.revision);
        let newest = out.db.tables.newest_ruleset();
        let is_there = active.revision > 0 && stored == Some(active.digest);
        if active.revision > 0 && !is_there && newest == 0 {
            self.swap(Ruleset::default());
        }
        let base = if is_there { active.revision } else { 0 };
        let helps = |it: i32| base == 0 || (self.wanted > base && it >= self.wanted);
        for revision in (base + 1..=newest).rev() {
            let digest = out.db.tables.digest(revision).unwrap_or_default();
            let ruleset = Ruleset { revision, digest };
            if (revision == newest || helps(revision)) && ruleset.is_sound() {
                out.say(|| {
                    format!(
                        "      ruleset {revision} is active (was {})",
                        active.revision
                    )
                });
                if busy {
                    out.note(Sight::SwappedUnderLoad);
                }
                return self.swap(ruleset);
            }
        }
    }

    fn swap(&mut self, ruleset: Ruleset) {
        if ruleset.revision <= self.ruleset.revision {
            self.wanted = ruleset.revision;
        }
        self.wanted = self.wanted.max(ruleset.revision);
        self.ruleset = ruleset;
    }

    /// What is kept of a SKU; absence is never kept.
    pub(crate) fn known(&self, sku: usize) -> Option<Known> {
        let (_, rows) = self.knowledge.of([sku].iter());
        let row = rows[0]?;
        Some(Known {
            slot: Slot::Product(row.stock),
            refused: row.refused,
            unknown: None,
        })
    }
}

/// A SKU as the database has it now.
pub(crate) fn read_row(out: &Outside, tx: Option<TxId>, sku: usize) -> Known {
    let product = out.db.product(tx, sku);
    let adopted = product.is_some_and(|it| it.stock.ledger.is_some());
    let unknown = out.db.unknown(tx, sku).filter(|_| !adopted);
    let (held, refused) = unknown.map_or((false, false), |it| (it.sku.held, it.refused));
    let decisions = unknown.map(|it| it.sku.decisions);
    let Some(product) = product else {
        let slot = UnknownSku {
            decisions: decisions.unwrap_or(0),
            held,
        };
        return Known {
            slot: Slot::Unknown(slot),
            refused,
            unknown: decisions,
        };
    };
    let mut stock = product.stock;
    stock.held |= held;
    Known {
        slot: Slot::Product(stock),
        refused: refused || product.refused,
        unknown: decisions,
    }
}
