//! What is known of the partitions of this process: one table, read whenever metrics are. A
//! partition that leaves takes its series with it, so that two replicas never report the same one
//! for long.

use std::collections::BTreeMap;
use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Meter;
use parking_lot::Mutex;

/// What is measured of one partition.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PartitionGauges {
    /// `plimsoll_partition_position{partition}`: the next offset to apply, as committed. Where it does
    /// not move although records wait, the partition stalls; where it goes back, the database was
    /// restored or a standby without the newest transactions took over.
    pub position: i64,
    /// `plimsoll_partition_lag_records{partition}`: records between the committed position and the
    /// end of the log.
    pub lag_records: i64,
    /// `plimsoll_partition_lag_seconds{partition}`: age of the last record that was applied, while
    /// others wait behind it; 0 without lag.
    pub lag_seconds: f64,
    /// `plimsoll_retention_headroom_records{partition}`: records between the start of the log and
    /// the committed position. At 0 the next thing that retention deletes was never applied.
    /// `None` while the start of the log is not known.
    pub retention_headroom_records: Option<i64>,
}

/// The partitions of this process.
#[derive(Debug, Default)]
pub struct Partitions {
    table: Mutex<BTreeMap<i32, Partition>>,
}

#[derive(Clone, Debug, Default)]
struct Partition {
    gauges: Option<PartitionGauges>,
    halted: Option<String>,
}

impl Partitions {
    /// Takes over the assignment: the partitions that are consumed, and those that are halted, with
    /// the reason, written `code` or `code: explanation`. `plimsoll_partition_halted{partition,reason}`
    /// is 1 for each of these, with the code alone as its label, and they have no lag. Partitions in
    /// neither list have no series any more.
    pub fn show(&self, assigned: &[i32], halted: &[(i32, String)]) {
        let mut table = self.table.lock();
        let before = std::mem::take(&mut *table);
        for partition in assigned {
            let gauges = before.get(partition).and_then(|known| known.gauges);
            table.insert(
                *partition,
                Partition {
                    gauges,
                    halted: None,
                },
            );
        }
        for (partition, reason) in halted {
            let code = reason.split(':').next().map(str::to_owned);
            table.insert(
                *partition,
                Partition {
                    gauges: None,
                    halted: code,
                },
            );
        }
    }

    /// Sets what was measured of a partition, unless it has left or is halted.
    pub fn set(&self, partition: i32, gauges: PartitionGauges) {
        if let Some(Partition {
            gauges: known,
            halted: None,
        }) = self.table.lock().get_mut(&partition)
        {
            *known = Some(gauges);
        }
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
                partitions.measured(|label, gauges| seen.observe(gauges.position, &[label]));
            })
            .build();
    }

    fn observe_lag(self: &Arc<Self>, meter: &Meter) {
        let partitions = Arc::clone(self);
        meter
            .i64_observable_gauge("plimsoll_partition_lag_records")
            .with_description("Records between position and end of log.")
            .with_callback(move |seen| {
                partitions.measured(|label, gauges| seen.observe(gauges.lag_records, &[label]));
            })
            .build();
        let partitions = Arc::clone(self);
        meter
            .f64_observable_gauge("plimsoll_partition_lag_seconds")
            .with_description("Age of the last applied record while others wait.")
            .with_callback(move |seen| {
                partitions.measured(|label, gauges| seen.observe(gauges.lag_seconds, &[label]));
            })
            .build();
    }

    fn observe_headroom(self: &Arc<Self>, meter: &Meter) {
        let partitions = Arc::clone(self);
        meter
            .i64_observable_gauge("plimsoll_retention_headroom_records")
            .with_description("Records between start of log and position.")
            .with_callback(move |seen| {
                partitions.measured(|label, gauges| {
                    if let Some(records) = gauges.retention_headroom_records {
                        seen.observe(records, &[label]);
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
                for (partition, known) in &*partitions.table.lock() {
                    if let Some(reason) = &known.halted {
                        seen.observe(
                            1,
                            &[label(*partition), KeyValue::new("reason", reason.clone())],
                        );
                    }
                }
            })
            .build();
    }

    fn measured(&self, mut observe: impl FnMut(KeyValue, &PartitionGauges)) {
        for (partition, known) in &*self.table.lock() {
            if let Some(gauges) = &known.gauges {
                observe(label(*partition), gauges);
            }
        }
    }
}

fn label(partition: i32) -> KeyValue {
    KeyValue::new("partition", i64::from(partition))
}
