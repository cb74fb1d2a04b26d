//! People with other tools: SQL by hand, and the broker's.

use crate::begin;
use crate::database::Key;
use crate::journal::Operation;
use crate::outside::Outside;
use crate::rows::{Change, Position};
use crate::seen::Sight;

impl Outside {
    /// Some records of a partition are deleted, applied or not.
    pub(super) fn delete_records(&mut self) {
        let partition = self.chance.below(self.broker.logs.len());
        let more = self.chance.between(1, 8);
        let log = &mut self.broker.logs[partition];
        log.low = (log.low + more).min(log.high);
        let low = log.low;
        self.say(|| format!("records of partition {partition} below {low} are deleted"));
    }

    /// Somebody moves a position on, past its owner.
    pub(super) fn move_position(&mut self) {
        let partition = self.any_partition();
        let high = self.broker.logs[crate::broker::at(partition)].high;
        let Some(row) = self.db.tables.position(partition) else {
            return;
        };
        let to = row.next_offset + self.chance.between(1, 2);
        if to > high || self.db.is_locked(Key::Position(partition)) {
            return;
        }
        self.say(|| format!("somebody moves partition {partition} on to {to}"));
        let moved = Position {
            next_offset: to,
            ..row
        };
        let gap = Change::Gap(partition, row.next_offset, to);
        self.commit_at_once(vec![gap, Change::Position(partition, moved)], None);
    }

    pub(super) fn any_partition(&mut self) -> i32 {
        let partitions = self.broker.partitions();
        i32::try_from(self.chance.between(0, i64::from(partitions) - 1)).expect("a few partitions")
    }

    /// The database will refuse a record, until somebody mends it.
    pub(super) fn poison_a_record(&mut self) {
        let partition = self.any_partition();
        let next = self
            .db
            .tables
            .position(partition)
            .map_or(0, |row| row.next_offset);
        let log = &self.broker.logs[crate::broker::at(partition)];
        let ahead = next + self.chance.between(0, 4);
        if let Some(offset) = log.first_from(ahead) {
            self.say(|| format!("the database will refuse record {partition}/{offset}"));
            self.poison.push((partition, offset));
        }
    }

    pub(super) fn any_sku(&mut self) -> usize {
        self.chance.below(self.db.tables.products.len())
    }

    pub(super) fn make_product(&mut self) {
        let sku = self.any_sku();
        let units = self.chance.between(0, 12);
        if self.db.tables.products[sku].is_some() || self.db.is_locked(Key::Product(sku)) {
            return;
        }
        self.say(|| format!("somebody makes a product of SKU {sku} with {units} units"));
        let change = Change::Product(sku, begin::product(units, 0, 0, false));
        let operation = Operation::Product {
            sku,
            units,
            floor: 0,
        };
        self.commit_at_once(vec![change], Some(operation));
    }

    pub(super) fn change_stock(&mut self) {
        let sku = self.any_sku();
        let (units, versions) = (self.chance.between(0, 9), self.chance.between(0, 1));
        let Some(mut row) = self.db.tables.products[sku] else {
            return;
        };
        if self.db.is_locked(Key::Product(sku)) || units < row.stock.floor {
            return;
        }
        self.say(|| format!("somebody sets the stock of SKU {sku} to {units}"));
        row.stock.units = units;
        row.stock.version += versions;
        let version = row.stock.version;
        let operation = Operation::Stock {
            sku,
            units,
            version,
        };
        self.commit_at_once(vec![Change::Product(sku, row)], Some(operation));
    }

    pub(super) fn set_floor(&mut self) {
        let sku = self.any_sku();
        let floor = self.chance.between(-6, 4);
        let Some(mut row) = self.db.tables.products[sku] else {
            return;
        };
        if self.db.is_locked(Key::Product(sku)) || row.stock.units < floor {
            return;
        }
        self.note(Sight::FloorMoved);
        self.say(|| format!("the floor of SKU {sku} becomes {floor}"));
        row.stock.floor = floor;
        row.stock.decisions += 1;
        let operation = Operation::Floor { sku, floor };
        self.commit_at_once(vec![Change::Product(sku, row)], Some(operation));
    }
}
