//! Positions mirrored to the consumer group, and the lag, once a second. For lag tools and
//! autoscalers: PostgreSQL is the truth, and a failure here is only logged.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::time::{Duration, Instant};

use plimsoll_telemetry::PartitionGauges;

use super::{Assigned, Assignment, CommitMode, Consumer, Offset, Parts, Queue, TopicPartitionList};
use crate::clock;
use crate::progress::Mark;

const PULSE: Duration = Duration::from_secs(1);

#[derive(Default)]
pub(super) struct Mirror {
    last: Option<Instant>,
    mirrored: BTreeMap<i32, i64>,
}

impl Mirror {
    /// Mirrors and measures when a second has passed.
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
            if let Some(seen) = queue.watermarks_seen(topic, partition) {
                parts
                    .metrics
                    .partitions()
                    .set(partition, gauges(mark, seen));
            }
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
    /// changes, and says so to nobody.
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

fn gauges(mark: Mark, (low, high): (i64, i64)) -> PartitionGauges {
    let lag_records = high.saturating_sub(mark.next_offset).max(0);
    let age_ms = clock::now_ms().saturating_sub(mark.timestamp_ms).max(0);
    PartitionGauges {
        position: mark.next_offset,
        lag_records,
        // Before the first record of this process nothing is known of the age.
        lag_seconds: if lag_records > 0 && mark.timestamp_ms > 0 {
            age_ms as f64 / 1000.0
        } else {
            0.0
        },
        retention_headroom_records: Some(mark.next_offset.saturating_sub(low)),
    }
}
