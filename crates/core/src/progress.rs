//! How far each partition of this process is: written by lanes after a commit, read by the
//! polling thread, which mirrors it to the group and measures the lag. Telemetry: nothing is
//! decided by it.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// How far one partition is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Of the assignment: what an earlier owner of this process still finishes says nothing about a later one.
    pub(crate) generation: u32,
    pub(crate) next_offset: i64,
    /// Timestamp of the last applied record; 0 before the first.
    pub(crate) timestamp_ms: i64,
}

/// The partitions that this process owns or owned.
#[derive(Default)]
pub(crate) struct Progress(Mutex<BTreeMap<i32, Mark>>);

impl Progress {
    /// A lane owns the partition from now on.
    pub(crate) fn begins(&self, partition: i32, mark: Mark) {
        self.0.lock().insert(partition, mark);
    }

    /// A batch of it is committed, perhaps while it was let go.
    pub(crate) fn moves(&self, partition: i32, to: Mark) {
        if let Some(mark) = self.0.lock().get_mut(&partition)
            && mark.generation == to.generation
        {
            // A batch of nothing but the end of a log has no record, and no time.
            let timestamp_ms = match to.timestamp_ms {
                0 => mark.timestamp_ms,
                known => known,
            };
            *mark = Mark { timestamp_ms, ..to };
        }
    }

    /// It is somebody else's, or halted.
    pub(crate) fn ends(&self, partition: i32, generation: u32) {
        let mut marks = self.0.lock();
        if marks
            .get(&partition)
            .is_some_and(|it| it.generation == generation)
        {
            marks.remove(&partition);
        }
    }

    /// How far it came under this assignment.
    pub(crate) fn of(&self, partition: i32, generation: u32) -> Option<Mark> {
        let mark = self.0.lock().get(&partition).copied();
        mark.filter(|it| it.generation == generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(generation: u32, next_offset: i64) -> Mark {
        Mark {
            generation,
            next_offset,
            timestamp_ms: 0,
        }
    }

    #[test]
    fn a_batch_without_a_record_does_not_forget_the_last_ones_time() {
        let progress = Progress::default();
        progress.begins(0, at(1, 7));
        let timed = Mark {
            timestamp_ms: 1_500,
            ..at(1, 8)
        };
        progress.moves(0, timed);
        progress.moves(0, at(1, 9));
        assert_eq!(
            progress.of(0, 1),
            Some(Mark {
                next_offset: 9,
                ..timed
            })
        );
    }

    #[test]
    fn what_an_earlier_assignment_finishes_moves_and_ends_nothing_of_a_later_one() {
        let progress = Progress::default();
        progress.begins(0, at(1, 7));
        progress.moves(0, at(1, 8));
        assert_eq!(progress.of(0, 1), Some(at(1, 8)));
        progress.begins(0, at(2, 9));
        progress.moves(0, at(1, 10));
        progress.ends(0, 1);
        assert_eq!(progress.of(0, 2), Some(at(2, 9)));
        assert_eq!(progress.of(0, 1), None);
        progress.ends(0, 2);
        progress.moves(0, at(2, 10));
        assert_eq!(progress.of(0, 2), None);
    }
}
