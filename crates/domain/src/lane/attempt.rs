//! What one transaction tries to apply, and what was learnt from the tries before it. Knows
//! nothing of answers: those decide about it in `Lane::step`.

/// Some records of one partition in the batch: `first` up to, excluding, `until`, counted
/// within that partition. None at all moves only the position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The partition.
    pub partition: i32,
    /// First record.
    pub first: usize,
    /// One past the last record.
    pub until: usize,
}

/// One try at applying shares in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What to apply, one share a partition.
    pub shares: Vec<Share>,
    /// Lock the rows of all SKUs first, and read, look up and fold inside the transaction.
    pub locked: bool,
    /// Look every identity up, not only the doubtful ones.
    pub look_up_all: bool,
}

/// An attempt with its history: it starts anew with each group of shares.
#[derive(Debug)]
pub(super) struct Try {
    pub(super) attempt: Attempt,
    pub(super) conflicts: u32,
    pub(super) faults: u32,
}

impl Try {
    pub(super) fn of(shares: Vec<Share>) -> Try {
        Try {
            attempt: Attempt {
                shares,
                locked: false,
                look_up_all: false,
            },
            conflicts: 0,
            faults: 0,
        }
    }

    pub(super) fn has(&self, partition: i32) -> bool {
        self.attempt
            .shares
            .iter()
            .any(|share| share.partition == partition)
    }

    pub(super) fn drop_partitions(&mut self, partitions: &[i32]) {
        self.attempt
            .shares
            .retain(|share| !partitions.contains(&share.partition));
    }
}

/// Takes the shares of `partitions` out of all groups.
pub(super) fn drop_partitions(groups: &mut [Vec<Share>], partitions: &[i32]) {
    for group in groups {
        group.retain(|share| !partitions.contains(&share.partition));
    }
}
