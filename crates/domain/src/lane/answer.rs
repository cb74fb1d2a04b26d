//! What the database can answer to an attempt, and how a lost answer of COMMIT is found out.
//! Knows no SQLSTATE: the store maps those to these.

#[cfg(test)]
mod tests;

/// The answer to one attempt. Each has one right behaviour, in `Lane::step`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// All of it is done.
    Committed,
    /// All of it is done, and the breaker of these partitions tripped on it: the shell's own
    /// addition to `Committed`.
    Tripped(Vec<i32>),
    /// Somebody else changed a SKU: read again, fold again.
    Conflict,
    /// The ledger has an identity of the batch: look them all up, fold again.
    Duplicates,
    /// The open part of the ledger closed: read the parts, fold again.
    Turned,
    /// The outside failed; nothing is done. From reading again, later.
    Transient,
    /// These partitions have another owner, or the database went back.
    Lost(Vec<i32>),
    /// Our claim, a higher position, not ours: somebody moved it by hand.
    Ahead(i32),
    /// The database refuses what we wrote, for this reason.
    Refused(String),
}

/// One position that an attempt wanted to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sought {
    /// The partition.
    pub partition: i32,
    /// Our claim.
    pub claim: u128,
    /// Next offset before.
    pub from: i64,
    /// Next offset after.
    pub to: i64,
}

/// A position as it is stored, read under its lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PositionRow {
    /// The partition.
    pub partition: i32,
    /// Who may write it.
    pub claim: u128,
    /// Next offset.
    pub next_offset: i64,
}

/// What the stored positions say about an attempt to move `sought`, whose own answer is lost
/// (`commit_sent`) or was that some row did not match.
///
/// | stored | means |
/// |---|---|
/// | any under our claim at `to`, after COMMIT was sent | committed, all of it |
/// | another claim, no row, or a position below ours | lost |
/// | our claim, above, not at a sent `to` | ahead |
/// | all at `from` | not done: transient |
pub fn answer_of_positions(sought: &[Sought], stored: &[PositionRow], commit_sent: bool) -> Answer {
    let row = |s: &Sought| {
        stored
            .iter()
            .find(|row| row.partition == s.partition && row.claim == s.claim)
    };
    let moved = |s: &Sought| s.to != s.from && row(s).is_some_and(|row| row.next_offset == s.to);
    if commit_sent && sought.iter().any(moved) {
        return Answer::Committed;
    }
    let lost = |s: &Sought| row(s).is_none_or(|row| row.next_offset < s.from);
    let lost: Vec<i32> = sought
        .iter()
        .filter(|s| lost(s))
        .map(|s| s.partition)
        .collect();
    if !lost.is_empty() {
        return Answer::Lost(lost);
    }
    let ahead = sought
        .iter()
        .find(|s| row(s).is_some_and(|row| row.next_offset > s.from));
    ahead.map_or(Answer::Transient, |s| Answer::Ahead(s.partition))
}
