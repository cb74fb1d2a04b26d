//! Positions mirrored to the consumer group, and the lag, once a second. For lag tools and
//! autoscalers: PostgreSQL is the truth, and a failure here is only logged.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::time::{Duration, Instant};

use plimsoll_telemetry::PartitionGauges;

use super::{Assignment, CommitMode, Consumer, Offset, Parts, Queue, TopicPartitionList};
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
        let marks = parts.progress.all();
        self.mirrored
            .retain(|partition, _| marks.contains_key(partition));
        self.commit(
            parts,
            marks
                .iter()
                .map(|(&partition, mark)| (partition, mark.next_offset)),
        );
        for assigned in assignment.iter() {
            if let (Some(mark), Some(seen)) = (
                marks.get(&assigned.partition),
                queue.watermarks_seen(topic, assigned.partition),
            ) {
                parts
                    .metrics
                    .partitions()
                    .set(assigned.partition, gauges(*mark, seen));
            }
        }
    }

    /// Mirrors `partitions` before they leave.
    pub(super) fn now(&mut self, parts: &Parts, partitions: &[i32]) {
        let leaving = partitions
            .iter()
            .filter_map(|&p| Some((p, parts.progress.leaves(p)?.next_offset)));
        self.commit(parts, leaving);
    }

    /// What was sent did not arrive: the next pulse sends all of it.
    pub(super) fn refused(&mut self) {
        tracing::debug!("the group refused positions; they are mirrored again");
        self.mirrored.clear();
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

/// Mirrors all of them a last time, waits for the answer, and answers whether the group took them:
/// librdkafka forgets to leave the group if it is closed with a commit on its way, and a successor
/// would wait until the session times out.
pub(super) fn last(parts: &Parts) -> bool {
    let marks = parts.progress.all().into_iter();
    let list = listed(
        parts,
        marks.map(|(partition, mark)| (partition, mark.next_offset)),
    );
    if list.count() == 0 {
        return true;
    }
    let mirrored = parts.consumer.commit(&list, CommitMode::Sync);
    if let Err(err) = &mirrored {
        tracing::debug!(%err, "positions could not be mirrored");
    }
    mirrored.is_ok()
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
