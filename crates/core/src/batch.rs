//! From records as they arrived to events with slots: what a lane takes, decoded. Knows
//! nothing of stock.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use plimsoll_domain::lane::Share;
use plimsoll_domain::{Event, Nature};
use plimsoll_telemetry::Traces;
use plimsoll_telemetry::traces::spans::{self, Producer, SampledBy};
use plimsoll_wire::{Decoded, Facts, Headers, Malformed};
use rustc_hash::FxHashMap;

use crate::locks::Sku;

/// Records in the order they arrived, their values in one buffer.
#[derive(Default)]
pub(crate) struct Chunk {
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: Vec<Record>,
}

/// One record, or the end of a partition's log, as it arrived.
pub(crate) struct Record {
    pub(crate) partition: i32,
    /// Which assignment of the partition it came under.
    pub(crate) generation: u32,
    pub(crate) offset: i64,
    pub(crate) timestamp_ms: i64,
    /// Its value in the chunk's bytes; `None` for an end, whose `offset` is the next to come.
    pub(crate) value: Option<Range<usize>>,
    pub(crate) headers: Option<Box<Headers>>,
}

/// One record of a batch.
pub(crate) struct Entry {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp_ms: i64,
    /// Its number within the partition's records of this batch.
    pub(crate) ordinal: usize,
    /// The producer's span, also of a malformed record.
    pub(crate) producer: Option<Producer>,
    /// Whether somebody follows it, whatever comes of it.
    pub(crate) followed: bool,
    /// The trace that its row names.
    pub(crate) trace: Option<u128>,
    pub(crate) content: Result<Read, Malformed>,
    value: Range<usize>,
}

/// An event, beside what its row keeps of it.
#[derive(Clone)]
pub(crate) struct Read {
    pub(crate) event: Event,
    pub(crate) occurred_ms: i64,
    pub(crate) facts: Option<Box<Facts>>,
}

/// An event that was parked, as it is replayed.
pub(crate) struct Parked {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) read: Read,
    pub(crate) trace: Option<u128>,
    pub(crate) value: Vec<u8>,
}

/// A partition's part of a batch.
#[derive(Default)]
pub(crate) struct Stretch {
    /// Offsets of its records.
    offsets: Vec<i64>,
    /// The next offset after them.
    next_offset: i64,
    /// Timestamp of the last one.
    pub(crate) timestamp_ms: i64,
}

/// What one transaction applies, unless it has to be cut.
pub(crate) struct Batch {
    pub(crate) entries: Vec<Entry>,
    /// Ascending; an event's slot counts in here.
    pub(crate) skus: Arc<[Sku]>,
    pub(crate) stretches: BTreeMap<i32, Stretch>,
    pub(crate) trace: spans::Batch,
    bytes: Vec<u8>,
}

fn producer(headers: &Headers) -> Option<Producer> {
    let trace = headers.trace()?;
    Some(Producer {
        trace: trace.id,
        span: trace.parent,
        sampled: trace.sampled,
        state: headers.trace_state().map(Into::into),
    })
}

impl Batch {
    /// Decodes a chunk, leaving out records that `current` does not own up to.
    pub(crate) fn decode(chunk: Chunk, nature: Nature, current: impl Fn(&Record) -> bool) -> Batch {
        let Chunk { bytes, records } = chunk;
        let mut names = Names::default();
        let mut stretches = BTreeMap::<i32, Stretch>::new();
        let mut entries = Vec::with_capacity(records.len());
        for record in records.into_iter().filter(|record| current(record)) {
            let stretch = stretches.entry(record.partition).or_default();
            let Some(value) = record.value else {
                stretch.next_offset = stretch.next_offset.max(record.offset);
                continue;
            };
            let content =
                plimsoll_wire::decode(&bytes[value.clone()], record.headers.as_deref(), nature);
            let producer = record.headers.as_deref().and_then(producer);
            entries.push(Entry {
                partition: record.partition,
                offset: record.offset,
                timestamp_ms: record.timestamp_ms,
                ordinal: stretch.offsets.len(),
                trace: producer.as_ref().map(|it| it.trace),
                producer,
                followed: false,
                content: content.map(|decoded| Read::of(decoded, record.timestamp_ms, &mut names)),
                value,
            });
            stretch.offsets.push(record.offset);
            stretch.next_offset = record.offset + 1;
            stretch.timestamp_ms = record.timestamp_ms;
        }
        let (skus, slots) = names.ascending();
        for read in entries
            .iter_mut()
            .filter_map(|entry| entry.content.as_mut().ok())
        {
            read.event.slot = slots[read.event.slot as usize];
        }
        Batch {
            entries,
            skus,
            stretches,
            trace: spans::Batch::none(),
            bytes,
        }
    }

    /// Belongs to `trace` from now on.
    pub(crate) fn traced(mut self, traces: &Traces, trace: spans::Batch) -> Batch {
        if traces.are_on() {
            self.follow(traces, &trace);
        }
        self.trace = trace;
        self
    }

    fn follow(&mut self, traces: &Traces, trace: &spans::Batch) {
        let (mut wanted, mut shared) = (Vec::new(), Vec::new());
        for entry in &mut self.entries {
            match traces.follows(entry.producer.as_ref(), entry.partition, entry.offset) {
                Some(SampledBy::Producer) => wanted.push(entry),
                Some(SampledBy::Ratio) => shared.push(entry),
                None => {}
            }
        }
        wanted.truncate(traces.grant(wanted.len()));
        shared.truncate(traces.sample(shared.len()));
        for (who, followed) in [(SampledBy::Producer, wanted), (SampledBy::Ratio, shared)] {
            for entry in followed {
                trace.keep(who.name());
                entry.followed = true;
                entry.trace = entry.trace.or(trace.trace_id());
            }
        }
        let producers = self
            .entries
            .iter()
            .filter_map(|entry| entry.producer.as_ref());
        trace.read(self.entries.len(), producers);
    }

    /// Parked events of one SKU, in order; their positions have moved on long ago.
    pub(crate) fn of_parked(skus: Arc<[Sku]>, parked: impl Iterator<Item = Parked>) -> Batch {
        let mut bytes = Vec::new();
        let entries = parked.map(|parked| {
            let start = bytes.len();
            bytes.extend_from_slice(&parked.value);
            Entry {
                partition: parked.partition,
                offset: parked.offset,
                timestamp_ms: parked.read.occurred_ms,
                ordinal: 0,
                producer: None,
                followed: false,
                trace: parked.trace,
                content: Ok(parked.read),
                value: start..bytes.len(),
            }
        });
        Batch {
            entries: entries.collect(),
            skus,
            stretches: BTreeMap::new(),
            trace: spans::Batch::none(),
            bytes,
        }
    }

    /// The value of a record.
    pub(crate) fn value(&self, entry: &Entry) -> &[u8] {
        &self.bytes[entry.value.clone()]
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
        stretch
            .offsets
            .get(share.until)
            .copied()
            .unwrap_or(stretch.next_offset)
    }
}

impl Read {
    /// The same about another slot.
    pub(crate) fn at(&self, slot: u32) -> Read {
        let mut read = self.clone();
        read.event.slot = slot;
        read
    }

    fn of<'a>(decoded: Decoded<'a>, timestamp_ms: i64, names: &mut Names<'a>) -> Read {
        let event = Event {
            slot: names.number(decoded.sku),
            kind: decoded.kind,
            key: decoded.key,
            nature: decoded.nature,
            expected_version: decoded.expected_version,
        };
        let occurred_ms = decoded.occurred_ms.unwrap_or(timestamp_ms);
        Read {
            event,
            occurred_ms,
            facts: decoded.facts,
        }
    }
}

/// SKUs by the order they were met in.
#[derive(Default)]
struct Names<'a> {
    numbers: FxHashMap<Cow<'a, str>, u32>,
}

impl<'a> Names<'a> {
    fn number(&mut self, name: Cow<'a, str>) -> u32 {
        let next = u32::try_from(self.numbers.len()).expect("a batch has fewer than 2^32 records");
        *self.numbers.entry(name).or_insert(next)
    }

    /// The SKUs in ascending order, and for each number its place there.
    fn ascending(self) -> (Arc<[Sku]>, Vec<u32>) {
        let mut names: Vec<(Cow<'a, str>, u32)> = self.numbers.into_iter().collect();
        names.sort_unstable();
        let mut slots = vec![0; names.len()];
        for (slot, (_, number)) in (0..).zip(&names) {
            slots[*number as usize] = slot;
        }
        (
            names.into_iter().map(|(name, _)| Sku::from(name)).collect(),
            slots,
        )
    }
}

#[cfg(test)]
mod tests;
