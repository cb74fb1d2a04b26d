//! Our own account of what was delivered, for whoever checks the outcome.

use std::collections::{BTreeMap, VecDeque};

use super::event::{Event, Kind};
use super::poison::Poison;

/// One delivered record. 40 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its offset in its partition.
    pub offset: i64,
    /// What it says.
    pub event: Event,
}

/// What was delivered of one SKU, poison aside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events sent for the first time.
    pub fresh: u64,
    /// Repetitions of them.
    pub repeats: u64,
    /// Sum of the changes of the first ones, in units: what stock would gain if none were refused.
    pub units: i64,
}

/// The newest records of each partition one by one, and all of them in sums.
#[derive(Debug, Default)]
pub struct Log {
    entries_max: usize,
    partitions: BTreeMap<i32, VecDeque<Entry>>,
    skus: Vec<Tally>,
    poison: BTreeMap<Poison, u64>,
    records: u64,
}

impl Log {
    /// Keeps at most `entries_max` records of each partition; the sums, 24 bytes a SKU, cover also
    /// those it has let go. 0 keeps only the sums.
    pub fn new(entries_max: usize) -> Log {
        Log {
            entries_max,
            ..Log::default()
        }
    }

    /// Records delivered in all.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Whether the records kept one by one are all there were.
    pub fn is_complete(&self) -> bool {
        let kept: usize = self.partitions.values().map(VecDeque::len).sum();
        u64::try_from(kept).is_ok_and(|kept| kept == self.records)
    }

    /// The kept records of a partition, by offset.
    pub fn entries(&self, partition: i32) -> impl Iterator<Item = &Entry> {
        self.partitions.get(&partition).into_iter().flatten()
    }

    /// What was delivered of each SKU, by its number; those after the last one met are left out.
    pub fn skus(&self) -> &[Tally] {
        &self.skus
    }

    /// What was delivered of each kind of poison.
    pub fn poison(&self) -> &BTreeMap<Poison, u64> {
        &self.poison
    }

    /// Notes a delivered record. Those of a partition come by offset.
    pub(super) fn note(&mut self, partition: i32, offset: i64, event: Event) {
        self.records += 1;
        match event.kind {
            Kind::Poison(kind) => *self.poison.entry(kind).or_default() += 1,
            Kind::Repeat => self.sku(event.sku).repeats += 1,
            Kind::Fresh => {
                let tally = self.sku(event.sku);
                tally.fresh += 1;
                tally.units += event.quantity_change;
            }
        }
        self.keep(partition, Entry { offset, event });
    }

    fn keep(&mut self, partition: i32, entry: Entry) {
        if self.entries_max == 0 {
            return;
        }
        let kept = self.partitions.entry(partition).or_default();
        if kept.len() == self.entries_max {
            kept.pop_front();
        }
        kept.push_back(entry);
    }

    fn sku(&mut self, sku: u32) -> &mut Tally {
        let index = sku as usize;
        if index >= self.skus.len() {
            self.skus.resize(index + 1, Tally::default());
        }
        &mut self.skus[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_records_take_forty_megabytes() {
        assert_eq!(size_of::<Entry>(), 40);
    }

    #[test]
    fn sums_cover_records_that_were_let_go() {
        let mut log = Log::new(2);
        for offset in 0..5 {
            log.note(
                0,
                offset,
                Event {
                    sku: 1,
                    quantity_change: -2,
                    id: None,
                    kind: Kind::Fresh,
                },
            );
        }
        let offsets: Vec<i64> = log.entries(0).map(|entry| entry.offset).collect();
        assert_eq!(offsets, [3, 4]);
        assert_eq!(
            log.skus()[1],
            Tally {
                fresh: 5,
                repeats: 0,
                units: -10
            }
        );
        assert!(!log.is_complete());
    }
}
