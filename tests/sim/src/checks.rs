//! What must hold at any time, checked at every commit against the rows before it: chains of stock and
//! version, floors, positions that only grow, nothing that passes a parked event. Shares nothing
//! with the code that decides.

use crate::database::{Commit, TxId};
use crate::journal::Operation;
use crate::outside::{Broken, Outside};
use crate::rows::{Change, Line, Place, Position, Tables};
use crate::seen::Sight;

impl Outside {
    /// Commits a transaction, if it is still running.
    pub(crate) fn commit(&mut self, tx: TxId) {
        if !self.db.is_running(tx) {
            return;
        }
        let (changes, operation) = self.db.written(tx);
        let broken = before(&self.db.tables, changes, operation);
        let skus = touched(changes);
        if let Some(Operation::Batch { records, moved, .. }) = operation {
            if records.is_empty() {
                self.seen.note(Sight::PositionOnly);
            }
            let (records, moved) = (records.len(), moved.clone());
            self.say(|| format!("      committed: {records} records, positions {moved:?}"));
        }
        self.db.commit(tx, self.now);
        self.judge(broken, &skus);
    }

    /// Commits what one statement wrote.
    pub(crate) fn commit_at_once(&mut self, changes: Vec<Change>, operation: Option<Operation>) {
        let broken = before(&self.db.tables, &changes, operation.as_ref());
        let skus = touched(&changes);
        self.db.keep(Commit {
            began: self.now,
            at: self.now,
            changes,
            operation,
        });
        self.judge(broken, &skus);
    }

    fn judge(&mut self, broken: Option<Broken>, skus: &[usize]) {
        let tables = &self.db.tables;
        let broken = broken.or_else(|| skus.iter().find_map(|&sku| after(tables, sku)));
        if let Some(Broken { invariant, what }) = broken {
            self.must(false, invariant, || what);
        }
    }
}

fn touched(changes: &[Change]) -> Vec<usize> {
    let sku = |change: &Change| match change {
        Change::Line(line) => Some(line.sku),
        Change::Opening(sku, ..) => Some(*sku),
        _ => None,
    };
    changes.iter().filter_map(sku).collect()
}

/// What a commit breaks, judged against the rows before it.
fn before(tables: &Tables, changes: &[Change], operation: Option<&Operation>) -> Option<Broken> {
    changes.iter().find_map(|change| match change {
        Change::Position(partition, row) => {
            let former = tables.position(*partition)?;
            goes_back(*partition, former, *row)
        }
        // A change past us was made whatever waits.
        Change::Line(line) => overtakes(tables, operation, line.sku, line.record?),
        Change::Refused(refused) if refused.answers() => {
            let wish = refused.wish?;
            overtakes(tables, operation, wish.sku, refused.record)
        }
        Change::Left(number) => leaves_too_soon(tables, changes, *number),
        _ => None,
    })
}

fn broken(invariant: &'static str, what: String) -> Option<Broken> {
    Some(Broken { invariant, what })
}

fn goes_back(partition: i32, former: Position, row: Position) -> Option<Broken> {
    if row.next_offset < former.next_offset || row.owner_epoch < former.owner_epoch {
        let what = format!(
            "partition {partition} goes back from offset {} (epoch {}) to {} ({})",
            former.next_offset, former.owner_epoch, row.next_offset, row.owner_epoch
        );
        return broken("I9", what);
    }
    if row.revision < former.revision {
        let what = format!(
            "partition {partition} goes back from revision {} to {}",
            former.revision, row.revision
        );
        return broken("I12", what);
    }
    None
}

fn overtakes(
    tables: &Tables,
    operation: Option<&Operation>,
    sku: usize,
    record: Place,
) -> Option<Broken> {
    let waiting = tables.parked.iter().find(|it| it.wish.sku == sku)?;
    match operation {
        Some(Operation::Batch { .. }) => broken(
            "I14",
            format!(
                "record {record:?} of SKU {sku} overtakes {:?}, which is parked",
                waiting.record
            ),
        ),
        _ => None,
    }
}

fn leaves_too_soon(tables: &Tables, changes: &[Change], number: u64) -> Option<Broken> {
    let leaving = tables.parked.iter().find(|it| it.number == number)?;
    let leaves = |number: u64| {
        changes
            .iter()
            .any(|it| matches!(it, Change::Left(n) if *n == number))
    };
    let mut before = tables
        .parked
        .iter()
        .filter(|it| it.wish.sku == leaving.wish.sku && it.number < number);
    let left_behind = before.find(|it| !leaves(it.number))?;
    let what = format!(
        "{:?} leaves before {:?}",
        leaving.record, left_behind.record
    );
    broken("I14", what)
}

/// What is wrong with a SKU now: the chain of its ledger, and the product at its end.
fn after(tables: &Tables, sku: usize) -> Option<Broken> {
    let Some((units, version)) = tables.openings[sku] else {
        return broken("I3", format!("SKU {sku} has a ledger without an opening"));
    };
    let (mut units, mut version) = (units, version);
    for line in tables.lines.iter().filter(|line| line.sku == sku) {
        if let Some(broken) = follows(line, units, version) {
            return Some(broken);
        }
        (units, version) = (line.stock_after, line.version);
    }
    let product = tables.products[sku]?;
    if product.stock.units < product.stock.floor {
        let (units, floor) = (product.stock.units, product.stock.floor);
        return broken(
            "I2",
            format!("SKU {sku} has {units} units, below its floor {floor}"),
        );
    }
    if product.stock.ledger != Some((units, version)) {
        let what = format!(
            "SKU {sku} has {:?}, and its ledger ends at {units} units, version {version}",
            product.stock.ledger
        );
        return broken("I4", what);
    }
    if (product.stock.units, product.stock.version) != (units, version) {
        let (has, at) = (product.stock.units, product.stock.version);
        let what =
            format!("SKU {sku} has {has} units, version {at}; its ledger {units}, {version}");
        return broken("I1", what);
    }
    None
}

fn follows(line: &Line, units: i64, version: i64) -> Option<Broken> {
    let at = line.record;
    if line.version != version + 1 {
        let what = format!(
            "the line of {at:?} of SKU {} has version {} after {version}",
            line.sku, line.version
        );
        return broken("I3", what);
    }
    if line.stock_after != units + line.change {
        let what = format!(
            "the line of {at:?} of SKU {}: {units} {:+} is not {}",
            line.sku, line.change, line.stock_after
        );
        return broken("I4", what);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::begin;
    use crate::rows::Unknown;

    /// One SKU with 5 units, opened at 3, and a line of 2.
    fn sound() -> Tables {
        let mut tables = Tables {
            products: vec![Some(begin::product(5, 1, 0, true))],
            unknown: vec![None::<Unknown>],
            openings: vec![Some((3, 0))],
            ..Tables::default()
        };
        tables.lines.push(Line {
            part: 0,
            sku: 0,
            key: None,
            kind: None,
            change: 2,
            stock_after: 5,
            version: 1,
            record: Some((0, 0)),
            flags: Vec::new(),
            revision: 0,
            at: 0,
            released: false,
        });
        tables
    }

    /// What is broken once one thing is changed.
    fn after_change(change: impl FnOnce(&mut Tables)) -> Option<&'static str> {
        let mut tables = sound();
        change(&mut tables);
        after(&tables, 0).map(|broken| broken.invariant)
    }

    fn product(tables: &mut Tables) -> &mut plimsoll_domain::Stock {
        let product = tables.products[0].as_mut();
        &mut product.expect("one product").stock
    }

    #[test]
    fn each_break_of_a_chain_is_named() {
        assert_eq!(after_change(|_| {}), None);
        assert_eq!(after_change(|it| product(it).units = 6), Some("I1"));
        assert_eq!(after_change(|it| product(it).floor = 6), Some("I2"));
        assert_eq!(after_change(|it| it.openings[0] = None), Some("I3"));
        assert_eq!(after_change(|it| it.lines[0].version = 2), Some("I3"));
        assert_eq!(after_change(|it| it.lines[0].change = 3), Some("I4"));
        assert_eq!(after_change(|it| it.lines.clear()), Some("I4"));
    }

    #[test]
    fn a_position_that_goes_back_is_named() {
        let at = |next_offset, owner_epoch, revision| Position {
            claim: 1,
            next_offset,
            retained_from: 0,
            owner_epoch,
            halted: None,
            revision,
        };
        let broken = |row| goes_back(0, at(5, 2, 3), row).map(|broken| broken.invariant);
        assert_eq!(broken(at(5, 2, 3)), None);
        assert_eq!(broken(at(4, 3, 3)), Some("I9"));
        assert_eq!(broken(at(6, 1, 3)), Some("I9"));
        assert_eq!(broken(at(6, 2, 2)), Some("I12"));
    }
}
