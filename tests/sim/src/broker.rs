//! The broker: a topic's partitions with all that was ever in them, and the group that gives them
//! to processes. Decides nothing about time: the world moves partitions and delivers.

use crate::chance::Chance;
use crate::traffic::Content;
use crate::world::Who;

/// Number of a partition as an index.
pub(crate) fn at(partition: i32) -> usize {
    usize::try_from(partition).expect("partitions count from 0")
}

/// One partition's log. Offsets without a record are gaps.
#[derive(Default)]
pub(crate) struct Log {
    /// The first offset that can still be read.
    pub(crate) low: i64,
    /// The next offset to be written.
    pub(crate) high: i64,
    records: Vec<(i64, Content)>,
}

/// What a reader gets.
pub(crate) enum Fetched {
    /// Some records, in order, and whether the log ends behind them.
    Records(Vec<(i64, Content)>, bool),
    /// The offset lies outside the log.
    OutOfRange,
}

impl Log {
    fn append(&mut self, content: Content) {
        self.records.push((self.high, content));
        self.high += 1;
    }

    /// At most `most` records from `offset` on.
    pub(crate) fn fetch(&self, offset: i64, most: usize) -> Fetched {
        if offset < self.low || offset > self.high {
            return Fetched::OutOfRange;
        }
        let first = self.records.partition_point(|&(at, _)| at < offset);
        let rest = &self.records[first..];
        let some = &rest[..rest.len().min(most)];
        Fetched::Records(some.to_vec(), some.len() == rest.len())
    }

    /// The record at an offset, also one that was deleted since.
    pub(crate) fn at(&self, offset: i64) -> Option<Content> {
        let found = self.records.binary_search_by_key(&offset, |&(at, _)| at);
        found.ok().map(|n| self.records[n].1)
    }

    /// The offset of the first record from `offset` on.
    pub(crate) fn first_from(&self, offset: i64) -> Option<i64> {
        let first = self.records.partition_point(|&(at, _)| at < offset);
        self.records.get(first).map(|&(at, _)| at)
    }

    /// Every record there ever was.
    pub(crate) fn all(&self) -> &[(i64, Content)] {
        &self.records
    }
}

/// A topic and its group.
pub(crate) struct Broker {
    /// Changes when the topic is made again.
    pub(crate) topic: u64,
    pub(crate) logs: Vec<Log>,
    /// Those of the topic before this one.
    pub(crate) deleted: Vec<Log>,
    /// Whom the group gives each partition.
    pub(crate) owners: Vec<Option<Who>>,
    /// The position that the group was last told of each partition.
    pub(crate) mirrored: Vec<Option<i64>>,
    /// Who gets it next, once its owner has let go; and a number, so that what is late is told apart.
    pub(crate) moving: Vec<Option<(Who, u32)>>,
}

impl Broker {
    pub(crate) fn new(partitions: usize) -> Broker {
        let mut broker = Broker {
            topic: 1,
            logs: Vec::new(),
            deleted: Vec::new(),
            owners: Vec::new(),
            mirrored: Vec::new(),
            moving: Vec::new(),
        };
        (0..partitions).for_each(|_| broker.add_partition());
        broker
    }

    pub(crate) fn add_partition(&mut self) {
        self.logs.push(Log::default());
        self.owners.push(None);
        self.mirrored.push(None);
        self.moving.push(None);
    }

    /// The log that positions are about, also after it was deleted.
    pub(crate) fn log(&self, partition: i32) -> &Log {
        match self.deleted.is_empty() {
            true => &self.logs[at(partition)],
            false => &self.deleted[at(partition)],
        }
    }

    /// Whether members are between two assignments.
    pub(crate) fn is_changing(&self) -> bool {
        self.moving.iter().any(Option::is_some)
    }

    pub(crate) fn partitions(&self) -> i32 {
        i32::try_from(self.logs.len()).expect("a few partitions")
    }

    /// The partition is chosen by `key`.
    pub(crate) fn append(&mut self, content: Content, key: usize) {
        let partition = key % self.logs.len();
        self.logs[partition].append(content);
    }

    /// A producer gives a transaction up: its offsets have no records.
    pub(crate) fn abort(&mut self, chance: &mut Chance) {
        let partition = chance.below(self.logs.len());
        self.logs[partition].high += chance.between(1, 3);
    }

    /// The topic is deleted and made again, with as many partitions.
    pub(crate) fn recreate(&mut self) {
        self.topic += 1;
        let fresh = self.logs.iter().map(|_| Log::default()).collect();
        self.deleted = std::mem::replace(&mut self.logs, fresh);
    }
}
