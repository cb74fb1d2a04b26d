//! What a lane does next: one batch in flight, and an answer of the database for each
//! attempt. Knows partitions and numbers of records, neither their bytes nor any connection.
//!
//! The shell performs effects in the order given and reports back with one event.

mod answer;
mod attempt;
mod breaker;
mod event;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use answer::{Answer, PositionRow, Sought, answer_of_positions};
pub use attempt::{Attempt, Share};
pub use breaker::{Breaker, MALFORMED_IN_A_ROW_MAX};
pub use event::{Effect, Event, Halt};

use attempt::{Try, drop_partitions};

/// Attempts that trust what is known of the SKUs, before one that locks them first.
pub const OPTIMISTIC_TRIES_MAX: u32 = 3;
/// First wait after a transient fault; each further one doubles it.
pub const BACKOFF_MIN: Duration = Duration::from_millis(25);
/// Longest wait: a database that came back is met within this time.
pub const BACKOFF_MAX: Duration = Duration::from_secs(3);

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
            Answer::Committed => self.committed(tried, &[]),
            Answer::Tripped(partitions) => self.committed(tried, &partitions),
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

    /// Goes on with what is left of the batch, less that of partitions whose breaker tripped.
    fn committed(&mut self, tried: Try, tripped: &[i32]) {
        self.effects.push(Effect::Settle(tried.attempt.shares));
        drop_partitions(&mut self.todo, tripped);
        let halts = tripped.iter().map(|&p| Effect::Halt(p, Halt::Malformed));
        self.effects.extend(halts);
        self.let_leave();
        self.next();
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
