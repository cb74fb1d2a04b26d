//! From records as they were fetched to a batch with slots, as the real lane takes them.

use std::collections::BTreeMap;
use std::rc::Rc;

use plimsoll_domain::lane::Share;

use crate::traffic::Content;
use crate::work::Entry;

/// One record, or the end of a partition's log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    /// Which assignment of the partition it came under.
    pub(crate) generation: u32,
    pub(crate) offset: i64,
    /// `None` for an end, whose offset is the next to come.
    pub(crate) content: Option<Content>,
}

/// A partition's part of a batch.
#[derive(Default)]
struct Stretch {
    offsets: Vec<i64>,
    next_offset: i64,
}

/// What one transaction applies, unless it has to be cut.
#[derive(Default)]
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
    /// Ascending.
    pub(crate) skus: Rc<[usize]>,
    stretches: BTreeMap<i32, Stretch>,
}

impl Batch {
    /// Leaves out records that `current` does not own up to.
    pub(crate) fn decode(chunk: &[Record], current: impl Fn(&Record) -> bool) -> Batch {
        let mut stretches = BTreeMap::<i32, Stretch>::new();
        let mut entries = Vec::with_capacity(chunk.len());
        for record in chunk.iter().filter(|record| current(record)) {
            let stretch = stretches.entry(record.partition).or_default();
            let Some(content) = record.content else {
                stretch.next_offset = stretch.next_offset.max(record.offset);
                continue;
            };
            entries.push(Entry {
                place: (record.partition, record.offset),
                ordinal: stretch.offsets.len(),
                event: content.map(|wish| (wish, 0)),
            });
            stretch.offsets.push(record.offset);
            stretch.next_offset = record.offset + 1;
        }
        Batch {
            skus: number(&mut entries),
            entries,
            stretches,
        }
    }

    /// All of it, as a lane counts it.
    pub(crate) fn shares(&self) -> Vec<Share> {
        let share = |(&partition, stretch): (&i32, &Stretch)| Share {
            partition,
            first: 0,
            until: stretch.offsets.len(),
        };
        self.stretches.iter().map(share).collect()
    }

    /// The next offset after a share.
    pub(crate) fn offset_after(&self, share: Share) -> i64 {
        let stretch = &self.stretches[&share.partition];
        let within = stretch.offsets.get(share.until).copied();
        within.unwrap_or(stretch.next_offset)
    }

    /// The records of some shares, in order.
    pub(crate) fn of(&self, shares: &[Share]) -> Vec<Entry> {
        let covered = |entry: &&Entry| {
            let mut shares = shares.iter();
            shares.any(|it| {
                it.partition == entry.place.0 && (it.first..it.until).contains(&entry.ordinal)
            })
        };
        self.entries.iter().filter(covered).copied().collect()
    }
}

/// Gives each event the slot of its SKU. Answers the SKUs, ascending.
pub(crate) fn number(entries: &mut [Entry]) -> Rc<[usize]> {
    let events = entries.iter().filter_map(|entry| entry.event);
    let mut skus: Vec<usize> = events.map(|(wish, _)| wish.sku).collect();
    skus.sort_unstable();
    skus.dedup();
    for (wish, slot) in entries.iter_mut().filter_map(|entry| entry.event.as_mut()) {
        let place = skus.partition_point(|&sku| sku < wish.sku);
        *slot = u32::try_from(place).expect("a few SKUs");
    }
    skus.into()
}
