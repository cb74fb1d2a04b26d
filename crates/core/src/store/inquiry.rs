//! Which identities of an attempt are looked up. Before the fold those in doubt; after it those
//! of events that do not move stock: only a line that is inserted asks the index of the open
//! part, and a repeat must not be refused, or wait and be applied later, for what its first copy
//! left. Decides nothing.

use plimsoll_domain::{Answered, EventKey, Folded, Outcome, Slot};
use rustc_hash::FxHashSet;
use sea_orm::{ConnectionTrait, DbErr};

use super::Store;
use super::attempt::Job;
use super::lookup::{self, Doubt};
use super::parts::List;
use super::read::Known;

/// What is asked about one attempt, and what was answered.
pub(super) struct Inquiry<'a> {
    pub(super) job: &'a Job,
    pub(super) store: &'a Store,
    pub(super) known: &'a [Known],
    pub(super) parts: &'a List,
    pub(super) answered: Answered,
    /// What the ledger was asked about.
    asked: FxHashSet<(u32, EventKey)>,
}

impl<'a> Inquiry<'a> {
    pub(super) fn new(job: &'a Job, store: &'a Store, known: &'a [Known], parts: &'a List) -> Self {
        Inquiry {
            job,
            store,
            known,
            parts,
            answered: Answered::default(),
            asked: FxHashSet::default(),
        }
    }

    /// Looks up what may have been decided before.
    pub(super) async fn before_fold<C: ConnectionTrait>(&mut self, db: &C) -> Result<(), DbErr> {
        let (mut in_ledger, mut elsewhere) = (Vec::new(), Vec::new());
        for event in self.job.reads().map(|read| read.event) {
            let Some(key) = event.key else { continue };
            let known = self.known[event.slot as usize];
            let in_doubt = self.job.look_up_all || self.parts.may_have(known.id, key);
            if known.id != 0 && in_doubt {
                in_ledger.push(self.doubt(event.slot, key));
            }
            if known.refused || held(known.slot) {
                elsewhere.push(self.doubt(event.slot, key));
            }
        }
        self.ask_ledger(db, &in_ledger).await?;
        lookup::elsewhere(db, &elsewhere, self.store.id_window, &mut self.answered).await
    }

    /// Looks up the events that `folded` refuses or parks. Answers whether one of them is a
    /// repeat after all: then the fold is to be made again.
    pub(super) async fn of_unmoved<C: ConnectionTrait>(
        &mut self,
        db: &C,
        folded: &Folded,
    ) -> Result<bool, DbErr> {
        let mut in_ledger = Vec::new();
        for (read, outcome) in self.job.reads().zip(&folded.outcomes) {
            let slot = read.event.slot;
            let Some(key) = read.event.key.filter(|_| is_first_and_unmoved(outcome)) else {
                continue;
            };
            if self.known[slot as usize].id != 0 && !self.asked.contains(&(slot, key)) {
                in_ledger.push(self.doubt(slot, key));
            }
        }
        let before = self.answered.len();
        self.ask_ledger(db, &in_ledger).await?;
        Ok(self.answered.len() > before)
    }

    async fn ask_ledger<C: ConnectionTrait>(
        &mut self,
        db: &C,
        doubts: &[Doubt<'_>],
    ) -> Result<(), DbErr> {
        self.asked.extend(doubts.iter().map(|it| (it.slot, it.key)));
        let (lowest, window) = (self.parts.lowest, self.store.id_window);
        lookup::in_ledger(db, doubts, lowest, window, &mut self.answered).await
    }

    fn doubt(&self, slot: u32, key: EventKey) -> Doubt<'a> {
        Doubt {
            slot,
            key,
            sku: &self.job.batch.skus[slot as usize],
            id: self.known[slot as usize].id,
        }
    }
}

fn is_first_and_unmoved(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Movement { .. } => false,
        Outcome::Parked { .. } => true,
        Outcome::Refused { refusal, .. } => refusal.answers_for_its_identity(),
    }
}

fn held(slot: Slot) -> bool {
    match slot {
        Slot::Product(stock) => stock.held,
        Slot::Unknown(unknown) => unknown.held,
    }
}
