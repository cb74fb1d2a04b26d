//! How far each partition of this process is: written by lanes after a commit, read by the
//! polling thread, which mirrors it to the group and measures the lag. Telemetry: nothing is
//! decided by it.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// How far one partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) next_offset: i64,
    /// Timestamp of the last applied record; 0 before the first.
    pub(crate) timestamp_ms: i64,
}

/// All partitions that this process owns.
#[derive(Default)]
pub(crate) struct Progress(Mutex<BTreeMap<i32, Mark>>);

impl Progress {
    pub(crate) fn set(&self, partition: i32, mark: Mark) {
        self.0.lock().insert(partition, mark);
    }

    pub(crate) fn remove(&self, partition: i32) {
        self.0.lock().remove(&partition);
    }

    pub(crate) fn all(&self) -> BTreeMap<i32, Mark> {
        self.0.lock().clone()
    }
}
