//! The statements that write a fold, in the order of locks that everybody keeps: SKUs without a
//! product, products, then inserts. Each is one step, and waits where a real one would.

mod insert;

use plimsoll_domain::{After, Slot, Stock};

use crate::database::{Key, Session, TxId};
use crate::outside::{Fault, Outside};
use crate::plan::Bug;
use crate::rows::{Change, Product, Unknown};
use crate::seen::Sight;
use crate::work::Work;
use crate::world::Event;

/// Which statement is next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    Unknown,
    WithoutProduct,
    Create,
    Update,
    Insert,
}

/// What a statement leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Next(Statement),
    /// A row was not as it was seen.
    Differs,
    All,
}

/// Where it is written.
#[derive(Clone, Copy)]
pub(crate) struct Within {
    pub(crate) tx: TxId,
    pub(crate) session: Session,
    /// Who is woken when a lock is free.
    pub(crate) waiter: Event,
}

impl Within {
    fn lock(self, out: &mut Outside, key: Key) -> Result<(), Fault> {
        out.lock(self.tx, key, self.waiter)
    }
}

impl Work {
    pub(crate) fn write(
        &mut self,
        statement: Statement,
        within: Within,
        out: &mut Outside,
    ) -> Result<Written, Fault> {
        out.statement(within.session, Some(within.tx))?;
        match statement {
            Statement::Unknown => self.unknown(within, out),
            Statement::WithoutProduct => Ok(self.without_product(within, out)),
            Statement::Create => self.create(within, out),
            Statement::Update => self.update(within, out),
            Statement::Insert => self.insert(within, out),
        }
    }

    fn after(&self, slot: usize) -> &After {
        &self.folded.slots[slot]
    }

    /// Slots about which anything is written, ascending.
    fn touched(&self) -> Vec<usize> {
        let all = 0..self.known.len();
        all.filter(|&slot| self.after(slot).touched()).collect()
    }

    fn unknown(&mut self, within: Within, out: &mut Outside) -> Result<Written, Fault> {
        let mut concerned = self.touched();
        concerned.retain(|&slot| {
            let after = self.after(slot);
            matches!(after.before, Slot::Unknown(_)) || after.opening.is_some()
        });
        for &slot in &concerned {
            within.lock(out, Key::Unknown(self.skus[slot]))?;
        }
        let mut stays = false;
        for slot in concerned {
            let sku = self.skus[slot];
            let row = out.db.unknown(Some(within.tx), sku).unwrap_or_default();
            if self.known[slot].unknown.unwrap_or(0) != row.sku.decisions {
                return Ok(Written::Differs);
            }
            let after = self.after(slot);
            let now = match after.now {
                Slot::Product(_) => None,
                Slot::Unknown(sku) => Some(Unknown {
                    sku,
                    refused: row.refused || after.refused,
                }),
            };
            stays |= now.is_some();
            out.db.write(within.tx, Change::Unknown(sku, now));
        }
        let next = if stays {
            Statement::WithoutProduct
        } else {
            Statement::Create
        };
        Ok(Written::Next(next))
    }

    /// A new statement, so that it sees a product that was committed while we waited.
    fn without_product(&mut self, within: Within, out: &mut Outside) -> Written {
        self.without_product = Some(out.db.log.len());
        let unknown = |&slot: &usize| matches!(self.after(slot).now, Slot::Unknown(_));
        let mut stay = self.touched().into_iter().filter(unknown);
        match stay.any(|slot| out.db.product(Some(within.tx), self.skus[slot]).is_some()) {
            true => Written::Differs,
            false => Written::Next(Statement::Create),
        }
    }

    fn create(&mut self, within: Within, out: &mut Outside) -> Result<Written, Fault> {
        let mut created = self.touched();
        created.retain(|&slot| self.after(slot).created());
        for &slot in &created {
            within.lock(out, Key::Product(self.skus[slot]))?;
        }
        for slot in created {
            let (sku, after) = (self.skus[slot], self.after(slot));
            if out.db.product(Some(within.tx), sku).is_some() {
                return Ok(Written::Differs);
            }
            if let Slot::Product(stock) = after.now {
                let refused = after.refused || self.carried(slot, out);
                out.db
                    .write(within.tx, Change::Product(sku, Product { stock, refused }));
                out.note(Sight::Created);
            }
        }
        Ok(Written::Next(Statement::Update))
    }

    /// What the row of a SKU without a product knew of refusals goes over to its product.
    fn carried(&self, slot: usize, out: &Outside) -> bool {
        self.known[slot].refused && !out.has_bug(Bug::RefusalsForgottenByAdoption)
    }

    fn update(&mut self, within: Within, out: &mut Outside) -> Result<Written, Fault> {
        let mut changed = self.touched();
        changed.retain(|&slot| self.known[slot].has_product());
        if out.has_bug(Bug::ProductsLockedOutOfOrder) && within.tx.is_multiple_of(2) {
            changed.reverse();
        }
        for &slot in &changed {
            // A row that differs is not waited for: it is not locked.
            if self.differs(slot, within, out) {
                return Ok(Written::Differs);
            }
            within.lock(out, Key::Product(self.skus[slot]))?;
        }
        for slot in changed {
            if self.differs(slot, within, out) {
                return Ok(Written::Differs);
            }
            self.update_row(slot, within, out);
        }
        Ok(Written::Next(Statement::Insert))
    }

    fn differs(&self, slot: usize, within: Within, out: &Outside) -> bool {
        let Slot::Product(seen) = self.known[slot].slot else {
            return false;
        };
        if out.has_bug(Bug::RowGuardDropped) {
            return false;
        }
        let predicate = |it: Stock| (it.decisions, it.units, it.version, it.floor);
        let row = out.db.product(Some(within.tx), self.skus[slot]);
        row.is_none_or(|row| predicate(row.stock) != predicate(seen))
    }

    fn update_row(&self, slot: usize, within: Within, out: &mut Outside) {
        let (sku, after) = (self.skus[slot], self.after(slot));
        let row = out.db.product(Some(within.tx), sku);
        let (Slot::Product(mut stock), Some(row)) = (after.now, row) else {
            return;
        };
        stock.floor = row.stock.floor;
        let adopted = after.opening.is_some();
        let refused = row.refused || after.refused || (adopted && self.carried(slot, out));
        out.must(stock.units >= stock.floor, "I2", || {
            format!(
                "SKU {sku} would have {} units, below its floor {}",
                stock.units, stock.floor
            )
        });
        out.db
            .write(within.tx, Change::Product(sku, Product { stock, refused }));
    }
}
