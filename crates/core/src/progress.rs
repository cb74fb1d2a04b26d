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

/// All partitions that this process owns, and how far it was with those that lanes let go.
#[derive(Default)]
pub(crate) struct Progress(Mutex<Marks>);

#[derive(Default)]
struct Marks {
    owned: BTreeMap<i32, Mark>,
    let_go: BTreeMap<i32, Mark>,
}

impl Progress {
    pub(crate) fn set(&self, partition: i32, mark: Mark) {
        let mut marks = self.0.lock();
        marks.let_go.remove(&partition);
        marks.owned.insert(partition, mark);
    }

    /// It belongs to somebody else, or nobody goes on with it.
    pub(crate) fn remove(&self, partition: i32) {
        self.0.lock().owned.remove(&partition);
    }

    /// Nothing of it is in flight any more: this is how far it came.
    pub(crate) fn let_go(&self, partition: i32) {
        let mut marks = self.0.lock();
        if let Some(mark) = marks.owned.remove(&partition) {
            marks.let_go.insert(partition, mark);
        }
    }

    /// How far a partition came that leaves now.
    pub(crate) fn leaves(&self, partition: i32) -> Option<Mark> {
        let mut marks = self.0.lock();
        let let_go = marks.let_go.remove(&partition);
        let_go.or_else(|| marks.owned.get(&partition).copied())
    }

    pub(crate) fn all(&self) -> BTreeMap<i32, Mark> {
        self.0.lock().owned.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(next_offset: i64) -> Mark {
        Mark {
            next_offset,
            timestamp_ms: 0,
        }
    }

    #[test]
    fn a_partition_that_was_let_go_leaves_where_its_lane_left_it() {
        let progress = Progress::default();
        progress.set(0, at(7));
        progress.let_go(0);
        assert_eq!(progress.all(), BTreeMap::new());
        assert_eq!(progress.leaves(0), Some(at(7)));
        assert_eq!(progress.leaves(0), None);
    }

    #[test]
    fn what_was_let_go_long_ago_is_forgotten_by_who_owns_it_again() {
        let progress = Progress::default();
        progress.set(0, at(7));
        progress.let_go(0);
        progress.set(0, at(9));
        assert_eq!(progress.leaves(0), Some(at(9)));
        progress.remove(0);
        assert_eq!(progress.leaves(0), None);
    }
}
