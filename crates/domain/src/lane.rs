//! What a lane does next: one batch in flight, and an answer of the database for each
//! attempt. Knows partitions and numbers of records, neither their bytes nor any connection.
//!
//! The shell performs effects in the order given and reports back with one event.

mod answer;

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
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Free,
    Applying(Try),
    Waiting(Try),
}

#[derive(Clone, Debug)]
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
                assert!(self.is_free(), "a batch was taken while another is in flight");
                self.todo = vec![shares];
                self.next()
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
    }

    /// Whether the next batch may be taken.
    pub fn is_free(&self) -> bool {
        matches!(self.state, State::Free)
    }

    fn answered(&mut self, mut tried: Try, answer: Answer) -> Vec<Effect> {
        match answer {
            Answer::Committed => self.committed(tried),
            Answer::Conflict => {
                tried.conflicts = tried.conflicts.saturating_add(1);
                tried.attempt.locked |= tried.conflicts >= OPTIMISTIC_TRIES_MAX;
                self.again(tried)
            }
            Answer::Duplicates if tried.attempt.look_up_all => {
                // Every identity was looked up and the index still objects: the line is older
                // than the window, and a new part forgets it.
                let mut effects = vec![Effect::TurnPart];
                effects.extend(self.again(tried));
                effects
            }
            Answer::Duplicates => {
                tried.attempt.look_up_all = true;
                self.again(tried)
            }
            Answer::Turned => self.again(tried),
            Answer::Transient => self.back_off(tried),
            Answer::Lost(partitions) => self.without(tried, &partitions, Effect::Lost(partitions.clone())),
            Answer::Ahead(partition) => self.without(tried, &[partition], Effect::Halt(partition, Halt::Ahead)),
            Answer::Refused(reason) => self.cut(tried, reason),
        }
    }

    fn committed(&mut self, tried: Try) -> Vec<Effect> {
        let mut effects = vec![Effect::Settle(tried.attempt.shares)];
        effects.extend(self.let_leave());
        effects.extend(self.next());
        effects
    }

    /// The same shares once more, less those of partitions that left meanwhile.
    fn again(&mut self, mut tried: Try) -> Vec<Effect> {
        let mut effects = self.let_leave_of(&mut tried);
        effects.extend(if tried.attempt.shares.is_empty() { self.next() } else { self.apply(tried) });
        effects
    }

    fn back_off(&mut self, mut tried: Try) -> Vec<Effect> {
        let mut effects = self.let_leave_of(&mut tried);
        if tried.attempt.shares.is_empty() {
            effects.extend(self.next());
            return effects;
        }
        let doublings = tried.faults.min(16);
        tried.faults = tried.faults.saturating_add(1);
        effects.push(Effect::Wait(BACKOFF_MIN.saturating_mul(1 << doublings).min(BACKOFF_MAX)));
        self.state = State::Waiting(tried);
        effects
    }

    fn without(&mut self, mut tried: Try, partitions: &[i32], effect: Effect) -> Vec<Effect> {
        self.drop_partitions(partitions);
        tried.attempt.shares.retain(|share| !partitions.contains(&share.partition));
        let mut effects = vec![effect];
        effects.extend(self.again(tried));
        effects
    }

    /// Finds what the database refuses: partition by partition, then half by half.
    fn cut(&mut self, mut tried: Try, reason: String) -> Vec<Effect> {
        let mut effects = self.let_leave_of(&mut tried);
        let shares = &tried.attempt.shares;
        match shares.as_slice() {
            [] => {}
            [one] if one.until.saturating_sub(one.first) <= 1 => {
                let partition = one.partition;
                self.drop_partitions(&[partition]);
                effects.push(Effect::Halt(partition, Halt::Refused(reason)));
            }
            [one] => {
                let middle = one.first.midpoint(one.until);
                self.todo.push(vec![Share { first: middle, ..*one }]);
                self.todo.push(vec![Share { until: middle, ..*one }]);
            }
            several => self.todo.extend(several.iter().rev().map(|&share| vec![share])),
        }
        effects.extend(self.next());
        effects
    }

    fn revoked(&mut self, partitions: Vec<i32>) -> Vec<Effect> {
        self.drop_partitions(&partitions);
        match std::mem::take(&mut self.state) {
            State::Applying(tried) => {
                let running = |p: &i32| tried.attempt.shares.iter().any(|share| share.partition == *p);
                let (stay, go): (Vec<i32>, Vec<i32>) = partitions.into_iter().partition(running);
                self.leaving.extend(stay);
                self.state = State::Applying(tried);
                vec![Effect::LetGo(go)]
            }
            State::Waiting(mut tried) => {
                tried.attempt.shares.retain(|share| !partitions.contains(&share.partition));
                // An empty try ends when its wait does.
                self.state = State::Waiting(tried);
                vec![Effect::LetGo(partitions)]
            }
            State::Free => vec![Effect::LetGo(partitions)],
        }
    }

    fn next(&mut self) -> Vec<Effect> {
        while let Some(shares) = self.todo.pop() {
            if !shares.is_empty() {
                let attempt = Attempt { shares, locked: false, look_up_all: false };
                return self.apply(Try { attempt, conflicts: 0, faults: 0 });
            }
        }
        self.state = State::Free;
        vec![Effect::Free]
    }

    fn apply(&mut self, tried: Try) -> Vec<Effect> {
        if tried.attempt.shares.is_empty() {
            return self.next();
        }
        let attempt = tried.attempt.clone();
        self.state = State::Applying(tried);
        vec![Effect::Apply(attempt)]
    }

    fn let_leave_of(&mut self, tried: &mut Try) -> Vec<Effect> {
        tried.attempt.shares.retain(|share| !self.leaving.contains(&share.partition));
        self.let_leave()
    }

    fn let_leave(&mut self) -> Vec<Effect> {
        let leaving = std::mem::take(&mut self.leaving);
        if leaving.is_empty() { Vec::new() } else { vec![Effect::LetGo(leaving)] }
    }

    fn drop_partitions(&mut self, partitions: &[i32]) {
        for group in &mut self.todo {
            group.retain(|share| !partitions.contains(&share.partition));
        }
    }
}
