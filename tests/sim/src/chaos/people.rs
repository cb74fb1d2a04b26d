//! People with our own command line: they release and refuse what waits, and resume what is halted.

use crate::database::Key;
use crate::outside::Outside;
use crate::release::{By, Release};
use crate::rows::{Change, Position, Why};
use crate::store::Store;
use crate::world::{Event, Worker, World};

impl World {
    /// Somebody types a command about a SKU whose events wait.
    pub(super) fn send_operator(&mut self, by: By) {
        let parked = &self.out.db.tables.parked;
        if parked.is_empty() {
            return;
        }
        let sku = parked[self.out.chance.below(parked.len())].wish.sku;
        let worker = Worker::Operator(self.operators.len());
        let store = Store::new(&mut self.out);
        self.operators
            .push(Some((Release::new(sku, by, worker), store)));
        self.out.later(0, 20, Event::Release(worker));
    }

    pub(crate) fn operator(&mut self, number: usize) {
        let Some((release, store)) = &mut self.operators[number] else {
            return;
        };
        if release.go(store, &mut self.out) {
            self.operators[number] = None;
        }
    }

    /// People look after what is halted; once it is calm, also after what waits.
    pub(crate) fn operate(&mut self) {
        self.out.later(600, 1_500, Event::Operate);
        for partition in 0..self.out.broker.partitions() {
            let row = self.out.db.tables.position(partition);
            if let Some(row) = row.filter(|row| row.halted.is_some())
                && (self.out.calm || self.out.chance.percent(50))
                && !self.out.db.is_locked(Key::Position(partition))
            {
                self.out.resume(partition, row);
            }
        }
        let idle = self.operators.iter().flatten().next().is_none();
        if self.out.calm && idle {
            let by = self.out.chance.pick(&[By::Person, By::Rules, By::Refusal]);
            self.send_operator(by);
        }
    }
}

impl Outside {
    fn resume(&mut self, partition: i32, row: Position) {
        let log = &self.broker.logs[crate::broker::at(partition)];
        let mut changes = Vec::new();
        let mut resumed = Position {
            halted: None,
            ..row
        };
        match row.halted {
            Some(Why::Recreated | Why::Truncated) | None => return,
            Some(Why::Retention) => {
                resumed.next_offset = log.low.max(row.next_offset);
                resumed.claim = u128::from(self.chance.any());
                changes.push(Change::Gap(partition, row.next_offset, resumed.next_offset));
            }
            Some(Why::Refused) => {
                let guilty = log.first_from(row.next_offset).map(|it| (partition, it));
                self.poison.retain(|&place| Some(place) != guilty);
            }
            Some(Why::Ahead | Why::Malformed) => {}
        }
        self.say(|| format!("partition {partition} is resumed"));
        changes.push(Change::Position(partition, resumed));
        self.commit_at_once(changes, None);
    }
}
