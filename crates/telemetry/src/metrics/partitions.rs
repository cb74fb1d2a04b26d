//! What is known of the partitions of this process: one table, read whenever metrics are. A
//! partition that leaves takes its series with it, so that two replicas never report the same one
//! for long.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use parking_lot::Mutex;

/// How far a partition is, and what a fetch of it told about its log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// `plimsoll_partition_position{partition}`: the next offset to apply, as committed. Where it does
    /// not move although records wait, the partition stalls; where it goes back, the database was
    /// restored or a standby without the newest transactions took over.
    pub next_offset: i64,
    /// Of the last record that was applied, in milliseconds since 1970; 0 before the first.
    pub timestamp_ms: i64,
    /// The edges of the log that the last fetch told.
    pub fetched: Option<Edges>,
}

/// The first offset of a log and the one after its last.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the type says it")]
pub struct Edges {
    pub low: i64,
    pub high: i64,
}

/// A partition that waits for an operator.
#[derive(Clone, Copy, Debug)]
pub struct Halted<'a> {
    /// Which.
    pub partition: i32,
    /// Written `code` or `code: explanation`.
    pub reason: &'a str,
    /// The next offset to apply.
    pub next_offset: i64,
}

/// The partitions of this process.
///
/// - `plimsoll_partition_lag_records{partition}`: records between the committed position and the
///   end of the log, also of a halted partition.
/// - `plimsoll_partition_lag_seconds{partition}`: age of the last record that was applied, while
///   others wait behind it; 0 without lag.
/// - `plimsoll_retention_headroom_records{partition}`: records between the start of the log and
///   the committed position, also of a halted partition. At 0 the next thing that retention
///   deletes was never applied; below, it is gone.
#[derive(Debug, Default)]
pub struct Partitions {
    table: Mutex<BTreeMap<i32, Partition>>,
    /// 0 as long as it is not known.
    of_topic: AtomicU64,
}

#[derive(Clone, Debug, Default)]
struct Partition {
    position: Option<Position>,
    halted: Option<Halt>,
    log: Log,
}

#[derive(Clone, Debug)]
struct Halt {
    code: String,
    next_offset: i64,
}

/// So many questions about a log in a row that nobody answers are no mishap.
const UNANSWERED_MAX: u32 = 4;

/// What is known of the log besides what fetches told.
#[derive(Clone, Copy, Debug, Default)]
struct Log {
    told: Option<Edges>,
    unanswered: u32,
}

impl Partitions {
    /// Takes over the assignment: the partitions that are consumed, and those that are halted.
    /// `plimsoll_partition_halted{partition,reason}` is 1 for each of these, with the code alone as
    /// its label, and they have no position and no age. Partitions in neither list have no series
    /// any more.
    pub fn show(&self, assigned: &[i32], halted: &[Halted<'_>]) {
        let mut table = self.table.lock();
        let mut before = std::mem::take(&mut *table);
        for partition in assigned {
            let mut known = before.remove(partition).unwrap_or_default();
            known.halted = None;
            table.insert(*partition, known);
        }
        for halt in halted {
            // What is known from before a halt may be about a log that is gone.
            let known = before.remove(&halt.partition);
            let known = known.filter(|known| known.halted.is_some());
            let log = known.unwrap_or_default().log;
            let code = halt.reason.split(':').next().unwrap_or_default().to_owned();
            let next_offset = halt.next_offset;
            table.insert(
                halt.partition,
                Partition {
                    position: None,
                    halted: Some(Halt { code, next_offset }),
                    log,
                },
            );
        }
    }

    /// Sets how far a partition is, unless it has left or is halted.
    pub fn moved(&self, partition: i32, to: Position) {
        if let Some(known @ Partition { halted: None, .. }) = self.table.lock().get_mut(&partition)
        {
            known.position = Some(to);
        }
    }

    /// Sets what the broker said when it was asked for the edges of the log; `None` if it did not
    /// answer. Fetches tell them only while they go on, so a partition whose log nobody tells, four
    /// times in a row, has no lag and no headroom any more, instead of the last ones for ever.
    pub fn told(&self, partition: i32, edges: Option<Edges>) {
        if let Some(known) = self.table.lock().get_mut(&partition) {
            known.log = match edges {
                Some(_) => Log {
                    told: edges,
                    unanswered: 0,
                },
                None => Log {
                    unanswered: known.log.unanswered + 1,
                    ..known.log
                },
            };
        }
    }

    /// `plimsoll_topic_partitions`: how many partitions the topic has. Where fewer are applied or
    /// halted by all replicas together, some have no owner.
    pub fn of_topic(&self, partitions: u64) {
        self.of_topic.store(partitions, Ordering::Relaxed);
    }

    /// A table that `meter` reads from now on.
    pub(super) fn observed_by(meter: &Meter) -> Arc<Partitions> {
        let partitions = Arc::new(Partitions::default());
        partitions.observe_position(meter);
        partitions.observe_lag(meter);
        partitions.observe_headroom(meter);
        partitions.observe_halts(meter);
        partitions
    }

    fn observe_position(self: &Arc<Self>, meter: &Meter) {
        let partitions = Arc::clone(self);
        meter
            .i64_observable_gauge("plimsoll_partition_position")
            .with_description("Next offset to apply.")
            .with_callback(move |seen| {
                partitions.each(|label, known| {
                    if let Some(position) = known.position {
                        seen.observe(position.next_offset, &[label]);
                    }
                });
            })
            .build();
        let partitions = Arc::clone(self);
        meter
            .u64_observable_gauge("plimsoll_topic_partitions")
            .with_description("Partitions of the topic.")
            .with_callback(
                move |seen| match partitions.of_topic.load(Ordering::Relaxed) {
                    0 => {}
                    known => seen.observe(known, &[]),
                },
            )
            .build();
    }

    fn observe_lag(self: &Arc<Self>, meter: &Meter) {
        let partitions = Arc::clone(self);
        meter
            .i64_observable_gauge("plimsoll_partition_lag_records")
            .with_description("Records between position and end of log.")
            .with_callback(move |seen| {
                partitions.each(|label, known| {
                    if let Some(records) = known.lag() {
                        seen.observe(records, &[label]);
                    }
                });
            })
            .build();
        let partitions = Arc::clone(self);
        meter
            .f64_observable_gauge("plimsoll_partition_lag_seconds")
            .with_description("Age of the last applied record while others wait.")
            .with_callback(move |seen| {
                let now_ms = now_ms();
                partitions.each(|label, known| {
                    if let (Some(position), Some(records)) = (known.position, known.lag()) {
                        seen.observe(seconds(position, records, now_ms), &[label]);
                    }
                });
            })
            .build();
    }

    fn observe_headroom(self: &Arc<Self>, meter: &Meter) {
        let partitions = Arc::clone(self);
        meter
            .i64_observable_gauge("plimsoll_retention_headroom_records")
            .with_description("Records between start of log and position.")
            .with_callback(move |seen| {
                partitions.each(|label, known| {
                    if let (Some(next_offset), Some(log)) = (known.next_offset(), known.log()) {
                        seen.observe(next_offset.saturating_sub(log.low), &[label]);
                    }
                });
            })
            .build();
    }

    fn observe_halts(self: &Arc<Self>, meter: &Meter) {
        let partitions = Arc::clone(self);
        meter
            .u64_observable_gauge("plimsoll_partition_halted")
            .with_description("1 for a partition that waits for an operator.")
            .with_callback(move |seen| {
                partitions.each(|label, known| {
                    if let Some(halt) = &known.halted {
                        seen.observe(1, &[label, KeyValue::new("reason", halt.code.clone())]);
                    }
                });
            })
            .build();
    }

    fn each(&self, mut observe: impl FnMut(KeyValue, &Partition)) {
        for (partition, known) in &*self.table.lock() {
            observe(KeyValue::new("partition", i64::from(*partition)), known);
        }
    }
}

impl Partition {
    fn next_offset(&self) -> Option<i64> {
        let halted = self.halted.as_ref().map(|halt| halt.next_offset);
        halted.or(self.position.map(|position| position.next_offset))
    }

    /// The edges of the log: whichever is newer, and they never go back.
    fn log(&self) -> Option<Edges> {
        let fetched = self.position.and_then(|position| position.fetched);
        match (self.log.told, fetched) {
            _ if self.log.unanswered >= UNANSWERED_MAX => None,
            (Some(told), Some(fetched)) => Some(Edges {
                low: told.low.max(fetched.low),
                high: told.high.max(fetched.high),
            }),
            (told, fetched) => told.or(fetched),
        }
    }

    /// How many records wait.
    fn lag(&self) -> Option<i64> {
        let (next_offset, log) = (self.next_offset()?, self.log()?);
        Some(log.high.saturating_sub(next_offset).max(0))
    }
}

/// Before the first record of this process nothing is known of the age.
fn seconds(position: Position, records: i64, now_ms: i64) -> f64 {
    if records == 0 || position.timestamp_ms == 0 {
        return 0.0;
    }
    now_ms.saturating_sub(position.timestamp_ms).max(0) as f64 / 1000.0
}

#[expect(
    clippy::disallowed_methods,
    reason = "an age when it is read, also if whoever measures stands still"
)]
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |it| i64::try_from(it.as_millis()).unwrap_or(i64::MAX))
}
