//! Which partitions the polling thread fetches, and for which lane. Knows no consumer.

/// A partition that is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) partition: i32,
    pub(crate) generation: u32,
    pub(crate) next_offset: i64,
    pub(crate) lane: usize,
}

/// By partition number, which is dense.
#[derive(Default)]
pub(super) struct Assignment(Vec<Option<Assigned>>);

impl Assignment {
    pub(super) fn get(&self, partition: i32) -> Option<&Assigned> {
        self.0.get(usize::try_from(partition).ok()?)?.as_ref()
    }

    /// The partition's place, if a record of `offset` is one that it waits for; moves it on.
    pub(super) fn expects(&mut self, partition: i32, offset: i64) -> Option<(usize, u32)> {
        let assigned = self.0.get_mut(usize::try_from(partition).ok()?)?.as_mut()?;
        if offset < assigned.next_offset {
            return None;
        }
        assigned.next_offset = offset + 1;
        Some((assigned.lane, assigned.generation))
    }

    /// No record below `next_offset` is to come.
    pub(super) fn moved_on(&mut self, partition: i32, next_offset: i64) {
        let place = usize::try_from(partition)
            .ok()
            .and_then(|place| self.0.get_mut(place));
        if let Some(Some(assigned)) = place {
            assigned.next_offset = next_offset;
        }
    }

    pub(super) fn insert(&mut self, assigned: Assigned) {
        let place = usize::try_from(assigned.partition).expect("partitions count from 0");
        if self.0.len() <= place {
            self.0.resize(place + 1, None);
        }
        self.0[place] = Some(assigned);
    }

    /// Removes those of `partitions` that are here, and answers which were.
    pub(super) fn remove(&mut self, partitions: &[i32]) -> Vec<Assigned> {
        let removed = partitions
            .iter()
            .filter_map(|&p| self.0.get_mut(usize::try_from(p).ok()?)?.take());
        removed.collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Assigned> {
        self.0.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(partition: i32, next_offset: i64) -> Assignment {
        let mut assignment = Assignment::default();
        assignment.insert(Assigned {
            partition,
            generation: 7,
            next_offset,
            lane: 1,
        });
        assignment
    }

    #[test]
    fn a_record_below_the_expected_offset_is_not_handed_over_again() {
        let mut assignment = fetched(3, 10);
        assert_eq!(assignment.expects(3, 9), None);
        assert_eq!(assignment.expects(3, 12), Some((1, 7)), "offsets may jump");
        assert_eq!(assignment.expects(3, 12), None);
        assert_eq!(assignment.expects(3, 13), Some((1, 7)));
    }

    #[test]
    fn nothing_is_expected_of_a_partition_that_left() {
        let mut assignment = fetched(3, 10);
        let removed = assignment.remove(&[2, 3, -1, 900]);
        assert_eq!(
            removed.iter().map(|it| it.partition).collect::<Vec<_>>(),
            [3]
        );
        assert_eq!(assignment.expects(3, 10), None);
        assert_eq!(assignment.expects(-1, 10), None);
        assert!(assignment.remove(&[3]).is_empty());
    }

    #[test]
    fn the_end_of_a_partition_moves_what_is_expected() {
        let mut assignment = fetched(0, 10);
        assignment.moved_on(0, 15);
        assert_eq!(assignment.expects(0, 14), None);
        assert_eq!(
            assignment.get(0).map(|assigned| assigned.next_offset),
            Some(15)
        );
    }
}
