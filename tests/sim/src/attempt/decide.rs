//! What an attempt decides from: rows, kept or read, and identities that are looked up where the answer
//! is in doubt; then the fold.

use std::rc::Rc;

use plimsoll_domain::{Outcome, Slot, UnknownSku};

use super::{Attempt, Go, Step, lock_products, lock_unknown};
use crate::lookup;
use crate::outside::{Fault, Outside};
use crate::plan::{Bug, Feature};
use crate::seen::Sight;
use crate::store::{Known, Store, read_row};
use crate::write::Within;

impl Attempt {
    /// Makes the rows that are missing, and locks all.
    pub(super) fn lock_unknown(&mut self, within: Within, out: &mut Outside) -> Result<Go, Fault> {
        out.note(Sight::LockedAttempt);
        lock_unknown(&self.work.skus, within, out)?;
        Ok(Go::On(Step::LockProducts))
    }

    pub(super) fn lock_products(
        &mut self,
        within: Within,
        store: &mut Store,
        out: &mut Outside,
    ) -> Result<Go, Fault> {
        lock_products(&self.work.skus, within, out)?;
        store.knowledge.forget(self.work.skus.iter());
        Ok(Go::On(Step::ReadKnown))
    }

    pub(super) fn read_known(&mut self, store: &Store) -> Go {
        self.work.parts = Rc::clone(&store.parts);
        self.epoch = store.knowledge.epoch();
        let unread = Known {
            slot: Slot::Unknown(UnknownSku::default()),
            refused: false,
            unknown: None,
        };
        let known: Vec<Option<Known>> =
            self.work.skus.iter().map(|&sku| store.known(sku)).collect();
        self.missing = (0..known.len())
            .filter(|&slot| known[slot].is_none())
            .collect();
        self.work.known = known.into_iter().map(|it| it.unwrap_or(unread)).collect();
        Go::On(Step::ReadRows)
    }

    pub(super) fn read_rows(&mut self, store: &mut Store, out: &mut Outside) -> Go {
        for slot in std::mem::take(&mut self.missing) {
            let sku = self.work.skus[slot];
            let known = read_row(out, self.tx, sku);
            self.work.known[slot] = known;
            if let Slot::Product(stock) = known.slot
                && stock.ledger.is_some()
            {
                store.keep(self.epoch, sku, stock, known.refused);
            }
        }
        if out.has_bug(Bug::HoldsIgnored) {
            for known in &mut self.work.known {
                if let Slot::Product(stock) = &mut known.slot {
                    stock.held = false;
                }
            }
        }
        self.looked = out.now;
        Go::On(Step::LookUpLedger)
    }

    pub(super) fn look_up_ledger(&mut self, out: &Outside) -> Go {
        if !out.has_bug(Bug::RepeatsNotLookedUp) {
            for (slot, key, sku, known) in self.work.identities() {
                let in_doubt = self.look_up_all || self.work.parts.may_have(sku, key);
                if known.has_product() && in_doubt {
                    self.asked.push((slot, key));
                    lookup::in_ledger(
                        out,
                        self.work.parts.lowest,
                        (slot, key, sku),
                        &mut self.answered,
                    );
                }
            }
        }
        Go::On(Step::LookUpElsewhere)
    }

    pub(super) fn look_up_elsewhere(&mut self, out: &Outside) -> Go {
        if !out.has_bug(Bug::RepeatsNotLookedUp) {
            for (slot, key, sku, known) in self.work.identities() {
                if known.refused || known.is_held() {
                    lookup::elsewhere(out, (slot, key, sku), &mut self.answered);
                }
            }
        }
        Go::On(Step::Fold)
    }

    pub(super) fn fold(&mut self, out: &mut Outside) -> Result<Go, Fault> {
        if !self.work.ruleset.is_silent() && out.strikes(Feature::RulesAway, 10) {
            out.note(Sight::RulesAway);
            return Err(Fault::Transient);
        }
        let slots = self.work.slots();
        self.work.fold(out, &slots, &self.answered);
        Ok(Go::On(Step::LookUpUnmoved))
    }

    /// Looks up what is refused or parked. If one of them is a repeat after all, the fold is made again.
    pub(super) fn look_up_unmoved(&mut self, out: &Outside) -> Go {
        let before = self.answered.len();
        for (wish, slot, outcome) in self.work.outcomes() {
            let Some(key) = wish.key.filter(|_| is_first_and_unmoved(&outcome)) else {
                continue;
            };
            if self.work.known[slot as usize].has_product() && !self.asked.contains(&(slot, key)) {
                self.asked.push((slot, key));
                lookup::in_ledger(
                    out,
                    self.work.parts.lowest,
                    (slot, key, wish.sku),
                    &mut self.answered,
                );
            }
        }
        let next = match self.answered.len() > before {
            true => Step::Fold,
            false if self.locked => Step::CheckEpoch,
            false => Step::Begin,
        };
        Go::On(next)
    }
}

fn is_first_and_unmoved(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Movement { .. } => false,
        Outcome::Parked { .. } => true,
        Outcome::Refused { refusal, .. } => refusal.answers_for_its_identity(),
    }
}
