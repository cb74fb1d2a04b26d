//! What a run met. A suite that never met a fault has not shown that it is survived.

/// Something that must have happened in some run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Movements, refusals of each kind, parked events of each kind.
    Movement,
    /// The same identity again.
    Duplicate,
    /// The same identity, asking for something else.
    EventIdConflict,
    /// A SKU without a product, refused.
    UnknownSku,
    /// Another version than expected.
    Stale,
    /// A rule said no.
    RefusedByRule,
    /// Too large for its column.
    Overflow,
    /// Below the floor.
    BelowFloor,
    /// Not an event.
    Malformed,
    /// Refused by a person.
    RejectedByOperator,
    /// Parked behind another.
    ParkedBehind,
    /// Parked for want of a product.
    ParkedForProduct,
    /// Parked by a rule.
    ParkedByRule,
    /// A rule gave no valid answer.
    RuleFault,
    /// A fact that would break the floor.
    ParkedBelowFloor,
    /// A mark of a rule.
    Flagged,
    /// Less than asked was taken.
    Clamped,
    /// Parked events that left.
    Released,
    /// A person decided instead of the rules.
    Overruled,
    /// A product met for the first time.
    Adopted,
    /// A product made by an event.
    Created,
    /// A stock changed past us.
    External,
    /// Answers of the database.
    Conflict,
    /// A batch that locks first.
    LockedAttempt,
    /// The index knew an identity.
    DuplicatesAnswer,
    /// The part was closed.
    TurnedAnswer,
    /// An identity older than the window, in the open part.
    PartForgets,
    /// A statement failed.
    FailedStatement,
    /// A connection broke inside a transaction.
    BrokenInTransaction,
    /// The answer of COMMIT was lost: it was done.
    LostAnswerDone,
    /// The answer of COMMIT was lost: it was not done.
    LostAnswerNotDone,
    /// Partitions that are another's, or went back.
    Lost,
    /// A position moved by hand.
    Ahead,
    /// A batch that was cut to find a guilty record.
    Cut,
    /// A crash that lost commits.
    CrashLostCommits,
    /// A fail-over that lost commits.
    FailOverLostCommits,
    /// A process killed in a transaction.
    KilledInTransaction,
    /// A process that ended when it was asked to.
    Drained,
    /// A process that woke up after its partitions had left.
    ZombieWoke,
    /// The server ended a transaction that stood still.
    IdleTransactionEnded,
    /// A partition left while its batch was in flight.
    RevokedInFlight,
    /// Records of an assignment that ended.
    StaleGenerationDropped,
    /// Something heard too late.
    HeardTooLate,
    /// A position moved over offsets without a record.
    PositionOnly,
    /// A ruleset swapped while batches were in flight.
    SwappedUnderLoad,
    /// An older ruleset was refused by the position.
    RevisionRefused,
    /// Rules that could not be asked.
    RulesAway,
    /// Halts.
    HaltedRetention,
    /// A recreated topic.
    HaltedRecreated,
    /// A refused record.
    HaltedRefused,
    /// Two lanes of a process met at a SKU.
    WaitedForSku,
    /// A row lock of another transaction was waited for.
    WaitedForRow,
    /// The group takes no position of one that is not the owner any more.
    MirrorRefused,
    /// The topic got another partition.
    PartitionAdded,
    /// A person moved a floor.
    FloorMoved,
}

/// How many there are.
const SIGHTS: usize = Sight::FloorMoved as usize + 1;

impl Sight {
    /// All of them.
    pub const ALL: [Sight; SIGHTS] = [
        Sight::Movement,
        Sight::Duplicate,
        Sight::EventIdConflict,
        Sight::UnknownSku,
        Sight::Stale,
        Sight::RefusedByRule,
        Sight::Overflow,
        Sight::BelowFloor,
        Sight::Malformed,
        Sight::RejectedByOperator,
        Sight::ParkedBehind,
        Sight::ParkedForProduct,
        Sight::ParkedByRule,
        Sight::RuleFault,
        Sight::ParkedBelowFloor,
        Sight::Flagged,
        Sight::Clamped,
        Sight::Released,
        Sight::Overruled,
        Sight::Adopted,
        Sight::Created,
        Sight::External,
        Sight::Conflict,
        Sight::LockedAttempt,
        Sight::DuplicatesAnswer,
        Sight::TurnedAnswer,
        Sight::PartForgets,
        Sight::FailedStatement,
        Sight::BrokenInTransaction,
        Sight::LostAnswerDone,
        Sight::LostAnswerNotDone,
        Sight::Lost,
        Sight::Ahead,
        Sight::Cut,
        Sight::CrashLostCommits,
        Sight::FailOverLostCommits,
        Sight::KilledInTransaction,
        Sight::Drained,
        Sight::ZombieWoke,
        Sight::IdleTransactionEnded,
        Sight::RevokedInFlight,
        Sight::StaleGenerationDropped,
        Sight::HeardTooLate,
        Sight::PositionOnly,
        Sight::SwappedUnderLoad,
        Sight::RevisionRefused,
        Sight::RulesAway,
        Sight::HaltedRetention,
        Sight::HaltedRecreated,
        Sight::HaltedRefused,
        Sight::WaitedForSku,
        Sight::WaitedForRow,
        Sight::MirrorRefused,
        Sight::PartitionAdded,
        Sight::FloorMoved,
    ];
}

/// How often each was seen.
#[derive(Clone, Debug)]
pub struct Seen([u64; SIGHTS]);

impl Default for Seen {
    fn default() -> Seen {
        Seen([0; SIGHTS])
    }
}

impl Seen {
    pub(crate) fn note(&mut self, sight: Sight) {
        self.0[sight as usize] += 1;
    }

    /// Adds what another run met.
    pub fn add(&mut self, other: &Seen) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine += theirs;
        }
    }

    /// How often it was seen.
    pub fn times(&self, sight: Sight) -> u64 {
        self.0[sight as usize]
    }

    /// What was never met.
    pub fn missing(&self) -> Vec<Sight> {
        let missing = Sight::ALL
            .into_iter()
            .filter(|&sight| self.times(sight) == 0);
        missing.collect()
    }
}
