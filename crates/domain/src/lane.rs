//! What a lane does next: one batch in flight, and an answer of the database for each
//! attempt. Knows partitions and numbers of records, neither their bytes nor any connection.
//!
//! The shell performs effects in the order given and reports back with one event.

mod answer;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use answer::{Answer, PositionRow, Sought, answer_of_positions};

/// Attempts that trust what is known of the SKUs, before one that locks them first.
pub const OPTIMISTIC_TRIES_MAX: u32 = 3;
/// First wait after a transient fault; each further one doubles it.
pub const BACKOFF_MIN: Duration = Duration::from_millis(25);
/// Longest wait: a database that came back is met within this time.
pub const BACKOFF_MAX: Duration = Duration::from_secs(3);

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
}

/// A lane's work on one batch.
#[derive(Debug, Default)]
pub struct Lane {
    state: State,
    /// Groups of shares still to apply, the next one last.
    todo: Vec<Vec<Share>>,
    /// Revoked while their transaction was running.
    leaving: Vec<i32>,
    /// What this step asks of the shell.
    effects: Vec<Effect>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Free,
    Applying(Try),
    Waiting(Try),
}

#[derive(Debug)]
struct Try {
    attempt: Attempt,
    conflicts: u32,
    faults: u32,
}

impl Lane {
    /// Advances by one event.
    ///
    /// # Panics
    /// If the shell reports what it was not asked for: that is a bug, and the transaction
    /// protects the data.
    pub fn step(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Took(shares) => {
                assert!(
                    self.is_free(),
                    "a batch was taken while another is in flight"
                );
                self.todo = vec![shares];
                self.next();
            }
            Event::Answered(answer) => match std::mem::take(&mut self.state) {
                State::Applying(tried) => self.answered(tried, answer),
                State::Free | State::Waiting(_) => panic!("an answer without a question"),
            },
            Event::Waited => match std::mem::take(&mut self.state) {
                State::Waiting(tried) => self.apply(tried),
                State::Free | State::Applying(_) => panic!("a wait ended that was not asked for"),
            },
            Event::Revoked(partitions) => self.revoked(partitions),
        }
        std::mem::take(&mut self.effects)
    }

    /// Whether the next batch may be taken.
    pub fn is_free(&self) -> bool {
        matches!(self.state, State::Free)
    }

    fn answered(&mut self, mut tried: Try, answer: Answer) {
        match answer {
            Answer::Committed => {
                self.effects.push(Effect::Settle(tried.attempt.shares));
                self.let_leave();
                self.next();
            }
            Answer::Conflict => {
                tried.conflicts = tried.conflicts.saturating_add(1);
                tried.attempt.locked |= tried.conflicts >= OPTIMISTIC_TRIES_MAX;
                self.again(tried);
            }
            Answer::Duplicates => {
                if tried.attempt.look_up_all {
                    // Every identity was looked up and the index still objects: the line is
                    // older than the window, and a new part forgets it.
                    self.effects.push(Effect::TurnPart);
                    return self.back_off(tried);
                }
                tried.attempt.look_up_all = true;
                self.again(tried);
            }
            // With a wait, because the list of parts may not be had at once either.
            Answer::Turned | Answer::Transient => self.back_off(tried),
            Answer::Lost(partitions) => {
                self.give_up(&mut tried, &partitions);
                self.effects.push(Effect::Lost(partitions));
                self.again(tried);
            }
            Answer::Ahead(partition) => {
                self.give_up(&mut tried, &[partition]);
                self.effects.push(Effect::Halt(partition, Halt::Ahead));
                self.again(tried);
            }
            Answer::Refused(reason) => self.cut(tried, reason),
        }
    }

    /// The same shares once more, less those of partitions that left meanwhile.
    fn again(&mut self, mut tried: Try) {
        self.let_leave_of(&mut tried);
        self.apply(tried);
    }

    fn back_off(&mut self, mut tried: Try) {
        self.let_leave_of(&mut tried);
        if tried.attempt.shares.is_empty() {
            return self.next();
        }
        let doublings = tried.faults.min(16);
        tried.faults = tried.faults.saturating_add(1);
        let wait = BACKOFF_MIN.saturating_mul(1 << doublings).min(BACKOFF_MAX);
        self.effects.push(Effect::Wait(wait));
        self.state = State::Waiting(tried);
    }

    /// Finds what the database refuses: partition by partition, then half by half. Only what
    /// was refused alone can be guilty: company that left meanwhile may have been.
    fn cut(&mut self, mut tried: Try, reason: String) {
        let alone = tried.attempt.shares.len() == 1;
        self.let_leave_of(&mut tried);
        match *tried.attempt.shares {
            [one] if alone && one.until.saturating_sub(one.first) <= 1 => {
                drop_partitions(&mut self.todo, &[one.partition]);
                self.effects
                    .push(Effect::Halt(one.partition, Halt::Refused(reason)));
            }
            [
                Share {
                    partition,
                    first,
                    until,
                },
            ] if alone => {
                let middle = first.midpoint(until);
                self.todo.push(vec![Share {
                    partition,
                    first: middle,
                    until,
                }]);
                self.todo.push(vec![Share {
                    partition,
                    first,
                    until: middle,
                }]);
            }
            ref shares => self
                .todo
                .extend(shares.iter().rev().map(|&share| vec![share])),
        }
        self.next();
    }

    fn revoked(&mut self, partitions: Vec<i32>) {
        drop_partitions(&mut self.todo, &partitions);
        match &mut self.state {
            State::Applying(tried) => {
                let (stay, go) = partitions.into_iter().partition(|&p| tried.has(p));
                self.leaving.extend::<Vec<i32>>(stay);
                self.let_go(go);
            }
            State::Waiting(tried) => {
                // An empty try ends when its wait does.
                tried.drop_partitions(&partitions);
                self.let_go(partitions);
            }
            State::Free => self.let_go(partitions),
        }
    }

    /// Goes on with the next group that has anything left to apply.
    fn next(&mut self) {
        while let Some(shares) = self.todo.pop() {
            if !shares.is_empty() {
                return self.apply(Try::of(shares));
            }
        }
        self.state = State::Free;
        self.effects.push(Effect::Free);
    }

    fn apply(&mut self, tried: Try) {
        if tried.attempt.shares.is_empty() {
            return self.next();
        }
        self.effects.push(Effect::Apply(tried.attempt.clone()));
        self.state = State::Applying(tried);
    }

    fn give_up(&mut self, tried: &mut Try, partitions: &[i32]) {
        tried.drop_partitions(partitions);
        drop_partitions(&mut self.todo, partitions);
    }

    fn let_leave_of(&mut self, tried: &mut Try) {
        tried.drop_partitions(&self.leaving);
        self.let_leave();
    }

    fn let_leave(&mut self) {
        let leaving = std::mem::take(&mut self.leaving);
        self.let_go(leaving);
    }

    fn let_go(&mut self, partitions: Vec<i32>) {
        if !partitions.is_empty() {
            self.effects.push(Effect::LetGo(partitions));
        }
    }
}

impl Try {
    fn of(shares: Vec<Share>) -> Try {
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

    fn has(&self, partition: i32) -> bool {
        self.attempt
            .shares
            .iter()
            .any(|share| share.partition == partition)
    }

    fn drop_partitions(&mut self, partitions: &[i32]) {
        self.attempt
            .shares
            .retain(|share| !partitions.contains(&share.partition));
    }
}

fn drop_partitions(groups: &mut [Vec<Share>], partitions: &[i32]) {
    for group in groups {
        group.retain(|share| !partitions.contains(&share.partition));
    }
}
