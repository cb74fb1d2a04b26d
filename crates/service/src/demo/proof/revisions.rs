//! Which revision decided how many records, and that none came back along a partition once a
//! later one had decided there. Rows come by partition and offset.

use std::collections::BTreeMap;

/// What was met so far.
#[derive(Debug, Default)]
pub(in crate::demo) struct Revisions {
    /// Records by revision.
    pub(in crate::demo) records: BTreeMap<i32, u64>,
    /// Partition and revision of the row before.
    last: Option<(i32, i32)>,
}

impl Revisions {
    /// The next row; what is wrong with it, if anything.
    pub(super) fn meet(&mut self, partition: i32, revision: i32) -> Option<String> {
        *self.records.entry(revision).or_default() += 1;
        let last = self.last.replace((partition, revision));
        let (before, higher) = last?;
        (before == partition && higher > revision).then(|| {
            format!("was decided by revision {revision}, the record before it by {higher} already")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_never_comes_back_within_a_partition() {
        let mut revisions = Revisions::default();
        for (partition, revision) in [(0, 1), (0, 1), (0, 3), (1, 1), (1, 2)] {
            assert_eq!(revisions.meet(partition, revision), None);
        }
        let broken = revisions.meet(1, 1);
        assert_eq!(
            broken.as_deref(),
            Some("was decided by revision 1, the record before it by 2 already")
        );
        assert_eq!(revisions.records, BTreeMap::from([(1, 4), (2, 1), (3, 1)]));
    }
}
