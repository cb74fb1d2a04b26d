//! All that a lane hears, and all that it can ask of its shell. Decides nothing.

use std::time::Duration;

use super::{Answer, Attempt, Share};

/// Everything that can happen to a lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A batch was taken from the queue. Only when free.
    Took(Vec<Share>),
    /// The database answered the attempt.
    Answered(Answer),
    /// These partitions belong to somebody else now.
    Revoked(Vec<i32>),
    /// The wait is over.
    Waited,
}

/// Everything a lane can ask of its shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Read, look up, fold and write; answer with `Answered`.
    Apply(Attempt),
    /// Close the open part of the ledger and open the next.
    TurnPart,
    /// These shares are committed.
    Settle(Vec<Share>),
    /// Wait this long (with jitter), then send `Waited`.
    Wait(Duration),
    /// These revoked partitions have nothing in flight any more.
    LetGo(Vec<i32>),
    /// These were taken from us or went back: drop their records, claim them again if the
    /// group still gives them to us.
    Lost(Vec<i32>),
    /// Stop this partition until an operator resumes it.
    Halt(i32, Halt),
    /// The batch is over: take the next.
    Free,
}

/// Why a lane stops a partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The stored position is past ours, under our own claim: somebody moved it by hand.
    Ahead,
    /// The database refuses one record alone, with this SQLSTATE and constraint.
    Refused(String),
    /// The [`Breaker`](super::Breaker) tripped on what was committed.
    Malformed,
}
