//! Parked events through the real fold: the first of a SKU, until one must wait again.

use std::rc::Rc;

use plimsoll_domain::fold::Answered;
use plimsoll_domain::{Folded, Hold, Outcome, Slot, Stock};

use super::{By, EVENTS_MAX, Go, Release, Step, unheld};
use crate::database::Key;
use crate::journal::Operation;
use crate::outside::{Fault, Outside};
use crate::rows::{Change, Parked};
use crate::rules::Ruleset;
use crate::seen::Sight;
use crate::store::{Known, Store, read_row};
use crate::work::{Entry, Work, judge};
use crate::write::{Statement, Within};

impl Release {
    /// What is known of the SKU may be older than its lock, as in the service; the write finds out.
    pub(super) fn read(&self, store: &mut Store, out: &Outside) -> Known {
        if let Some(known) = store.known(self.sku) {
            return known;
        }
        let known = read_row(out, self.tx, self.sku);
        if let Slot::Product(stock) = known.slot
            && stock.ledger.is_some()
        {
            store.keep(store.knowledge.epoch(), self.sku, stock, known.refused);
        }
        known
    }

    pub(super) fn judge(
        &mut self,
        store: &mut Store,
        within: Within,
        out: &mut Outside,
    ) -> Result<Go, Fault> {
        let Some(Known {
            slot: Slot::Product(stock),
            ..
        }) = self.known
        else {
            return Ok(Go::Over);
        };
        let all = self.parked(out);
        let mut events: Vec<Parked> = all.iter().take(EVENTS_MAX).copied().collect();
        let overruled = self.by == By::Person && events.first().is_some_and(by_rule);
        let ruleset = match overruled {
            true => {
                events.truncate(1);
                Ruleset::default()
            }
            false => rules_of_today(store, out)?,
        };
        self.more = false;
        let empty = events.is_empty();
        let Some(folded) = replay(stock, &mut events, ruleset, within, out) else {
            if empty {
                self.unhold(within, out)?;
            }
            return Ok(Go::On(Step::Commit));
        };
        self.more = all.len() > events.len();
        let operation = Operation::Release {
            sku: self.sku,
            ruleset,
            overruled,
        };
        out.db.note(within.tx, operation);
        self.work = Some(self.work_of(&events, folded, ruleset, store));
        for parked in &events {
            out.db.write(within.tx, Change::Left(parked.number));
        }
        Ok(Go::On(Step::Write(Statement::Unknown)))
    }

    fn work_of(
        &self,
        events: &[Parked],
        mut folded: Folded,
        ruleset: Ruleset,
        store: &Store,
    ) -> Work {
        if let Slot::Product(stock) = &mut folded.slots[0].now {
            stock.held = self.more;
        }
        let entry = |parked: &Parked| Entry {
            place: parked.record,
            ordinal: 0,
            event: Some((parked.wish, 0)),
        };
        let entries = events.iter().map(entry).collect();
        let skus = Rc::from([self.sku]);
        let mut work = Work::new(skus, entries, Rc::clone(&store.parts), ruleset);
        work.released = true;
        work.known = self.known.into_iter().collect();
        work.folded = folded;
        work
    }

    fn unhold(&self, within: Within, out: &mut Outside) -> Result<(), Fault> {
        out.lock(within.tx, Key::Product(self.sku), within.waiter)?;
        let row = out.db.product(Some(within.tx), self.sku);
        if let Some(row) = row.filter(|row| row.stock.held) {
            out.db
                .write(within.tx, Change::Product(self.sku, unheld(row)));
        }
        Ok(())
    }
}

/// Folds as many of `events` as need not wait, and leaves those; none at all if the first must.
fn replay(
    stock: Stock,
    events: &mut Vec<Parked>,
    ruleset: Ruleset,
    within: Within,
    out: &mut Outside,
) -> Option<Folded> {
    let fold = |out: &Outside, events: &[Parked]| {
        let wishes = events.iter().map(|parked| (parked.wish, 0));
        let stock = Stock {
            held: false,
            ..stock
        };
        let slots = [Slot::Product(stock)];
        judge(out, ruleset, wishes, &slots, &Answered::default())
    };
    let folded = fold(out, events);
    let mut outcomes = folded.outcomes.iter().zip(0..);
    let waits = outcomes.find_map(|(outcome, n)| match *outcome {
        Outcome::Parked { hold, seen } => Some((n, hold, seen)),
        Outcome::Movement { .. } | Outcome::Refused { .. } => None,
    });
    let Some((n, hold, seen)) = waits else {
        return (!events.is_empty()).then_some(folded);
    };
    let waits = Change::Waits(events[n].number, hold, seen, ruleset.revision);
    out.db.write(within.tx, waits);
    events.truncate(n);
    (n > 0).then(|| fold(out, events))
}

/// The rules that decide by now, unless they are not ready here.
fn rules_of_today(store: &mut Store, out: &mut Outside) -> Result<Ruleset, Fault> {
    let rows = out.db.tables.positions.iter().flatten();
    let decided = rows.map(|row| row.revision).max().unwrap_or(0);
    if decided > store.ruleset.revision {
        store.wanted = store.wanted.max(decided);
        out.note(Sight::RevisionRefused);
        return Err(Fault::Transient);
    }
    match out.is_stored(store.ruleset) {
        true => Ok(store.ruleset),
        false => Err(Fault::Transient),
    }
}

fn by_rule(parked: &Parked) -> bool {
    matches!(parked.hold, Hold::Rule(_))
}
