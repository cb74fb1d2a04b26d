//! Positions mirrored to the consumer group, and shown, once a second. For lag tools and
//! autoscalers: PostgreSQL is the truth, and a failure here is only logged.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::time::{Duration, Instant};

use plimsoll_telemetry::{Edges, Position};

use super::{Assigned, Assignment, CommitMode, Consumer, Offset, Parts, Queue, TopicPartitionList};
use crate::progress::Mark;

const PULSE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Mirror {
    last: Option<Instant>,
    mirrored: BTreeMap<i32, i64>,
}

impl Mirror {
    /// Mirrors and shows when a second has passed.
    pub(super) fn pulse(
        &mut self,
        parts: &Parts,
        queue: &Queue<'_>,
        topic: &CString,
        assignment: &Assignment,
    ) {
        if self.last.is_some_and(|last| last.elapsed() < PULSE) {
            return;
        }
        self.last = Some(Instant::now());
        self.mirrored
            .retain(|&partition, _| assignment.get(partition).is_some());
        let mark = |it: &Assigned| parts.progress.of(it.partition, it.generation);
        let marks: Vec<(i32, Mark)> = assignment
            .iter()
            .filter_map(|it| Some((it.partition, mark(it)?)))
            .collect();
        self.commit(parts, marks.iter().map(|(p, mark)| (*p, mark.next_offset)));
        for (partition, mark) in marks {
            let fetched = queue.watermarks_seen(topic, partition);
            parts.metrics.partitions().moved(
                partition,
                Position {
                    next_offset: mark.next_offset,
                    timestamp_ms: mark.timestamp_ms,
                    fetched: fetched.map(|(low, high)| Edges { low, high }),
                },
            );
        }
    }

    /// Mirrors partitions before they leave.
    pub(super) fn now(&mut self, parts: &Parts, leaving: &[Assigned]) {
        let mark = |it: &Assigned| parts.progress.of(it.partition, it.generation);
        let leaving = leaving
            .iter()
            .filter_map(|it| Some((it.partition, mark(it)?.next_offset)));
        self.commit(parts, leaving);
    }

    /// The next pulse mirrors all of it, also what did not move: a group refuses positions while it
    /// changes, and says so to nobody, and a claim may have told it an earlier one.
    pub(super) fn again(&mut self) {
        self.mirrored.clear();
    }

    /// Mirrors all of them a last time and waits for the answer: librdkafka forgets to leave the
    /// group if it is closed with a commit on its way, and a successor would wait until the
    /// session times out.
    pub(super) fn last(&self, parts: &Parts) {
        let list = listed(parts, self.mirrored.iter().map(|(&p, &next)| (p, next)));
        if list.count() > 0
            && let Err(err) = parts.consumer.commit(&list, CommitMode::Sync)
        {
            tracing::debug!(%err, "positions could not be mirrored");
        }
    }

    fn commit(&mut self, parts: &Parts, positions: impl Iterator<Item = (i32, i64)>) {
        let mirrored = &mut self.mirrored;
        let list = listed(
            parts,
            positions.filter(|&(partition, next)| mirrored.insert(partition, next) != Some(next)),
        );
        if list.count() > 0
            && let Err(err) = parts.consumer.commit(&list, CommitMode::Async)
        {
            tracing::debug!(%err, "positions could not be mirrored");
            self.mirrored.clear();
        }
    }
}

fn listed(parts: &Parts, positions: impl Iterator<Item = (i32, i64)>) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    for (partition, next_offset) in positions {
        list.add_partition_offset(&parts.topic, partition, Offset::Offset(next_offset))
            .expect("an offset of 0 or more can be listed");
    }
    list
}
