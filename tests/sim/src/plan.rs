//! What one run is made of: a seed and what it switches on. Each seed has a random few of the
//! features, so that rare ones meet each other (swarm testing). Runs nothing.

use std::fmt::Write;

use crate::chance::Chance;

/// A trait of the traffic, or a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Events of one SKU come through all partitions.
    Unkeyed,
    /// Events come twice, some with another quantity.
    Repeats,
    /// Records that are no events.
    Malformed,
    /// Counts, and other facts.
    Facts,
    /// Events that expect a version.
    Expecting,
    /// Events without identity.
    Nameless,
    /// Offsets jump.
    Gaps,
    /// Most events are about one SKU.
    HotSku,
    /// SKUs without a product.
    UnknownSkus,
    /// Columns narrow enough to overflow.
    Narrow,
    /// Products come to exist by SQL.
    ProductsCome,
    /// Stock is changed by SQL.
    OutsideStock,
    /// Floors are changed.
    Floors,
    /// Parked events are released and rejected by a person.
    Operators,
    /// Rulesets are replaced.
    Rulesets,
    /// The rules cannot be asked now and then.
    RulesAway,
    /// The ledger's part is turned now and then.
    Parts,
    /// Identities are soon forgotten.
    ShortWindow,
    /// The answer of COMMIT is lost.
    LostAnswers,
    /// Statements fail: serialization, deadlocks of others, a full disk.
    Failures,
    /// Connections break, in transactions and between.
    BrokenLinks,
    /// The database crashes and loses what it had not flushed.
    Crashes,
    /// The database is replaced by a replica that lags behind.
    FailOvers,
    /// Processes are killed and started again.
    Kills,
    /// Processes stop and wake up.
    Pauses,
    /// The group moves partitions.
    Rebalances,
    /// Records are deleted before they are applied.
    Retention,
    /// The topic gets more partitions.
    MorePartitions,
    /// The topic is deleted and made again.
    Recreation,
    /// A stored position is moved by hand.
    PositionsMoved,
    /// The database refuses a record.
    Poison,
    /// Processes are asked to end, and start again.
    Stops,
}

/// A feature, how it is typed, and how many seeds of a hundred have it.
type Known = (Feature, &'static str, u64);

const KNOWN: [Known; 32] = [
    (Feature::Unkeyed, "unkeyed", 40),
    (Feature::Repeats, "repeats", 60),
    (Feature::Malformed, "malformed", 40),
    (Feature::Facts, "facts", 50),
    (Feature::Expecting, "expecting", 30),
    (Feature::Nameless, "nameless", 30),
    (Feature::Gaps, "gaps", 40),
    (Feature::HotSku, "hot-sku", 30),
    (Feature::UnknownSkus, "unknown-skus", 40),
    (Feature::Narrow, "narrow", 15),
    (Feature::ProductsCome, "products-come", 40),
    (Feature::OutsideStock, "outside-stock", 20),
    (Feature::Floors, "floors", 25),
    (Feature::Operators, "operators", 40),
    (Feature::Rulesets, "rulesets", 50),
    (Feature::RulesAway, "rules-away", 10),
    (Feature::Parts, "parts", 30),
    (Feature::ShortWindow, "short-window", 20),
    (Feature::LostAnswers, "lost-answers", 40),
    (Feature::Failures, "failures", 30),
    (Feature::BrokenLinks, "broken-links", 30),
    (Feature::Crashes, "crashes", 25),
    (Feature::FailOvers, "fail-overs", 25),
    (Feature::Kills, "kills", 30),
    (Feature::Pauses, "pauses", 35),
    (Feature::Rebalances, "rebalances", 50),
    (Feature::Retention, "retention", 15),
    (Feature::MorePartitions, "more-partitions", 15),
    (Feature::Recreation, "recreation", 5),
    (Feature::PositionsMoved, "positions-moved", 10),
    (Feature::Poison, "poison", 15),
    (Feature::Stops, "stops", 20),
];

/// One run, before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Decides everything that is not said here.
    pub seed: u64,
    /// Records that are produced.
    pub records: usize,
    features: u64,
    /// What is broken on purpose.
    pub bug: Option<Bug>,
}

impl Plan {
    /// What `seed` alone means.
    pub fn of(seed: u64) -> Plan {
        let mut chance = Chance::new(seed ^ 0x706c_616e);
        let mut plan = Plan {
            seed,
            records: 8 + chance.below(40),
            features: 0,
            bug: None,
        };
        for (feature, _, percent) in KNOWN {
            if chance.percent(percent) {
                plan.features |= 1 << feature as u64;
            }
        }
        plan
    }

    /// Whether the run has it.
    pub fn has(&self, feature: Feature) -> bool {
        self.features & (1 << feature as u64) != 0
    }

    /// What it has.
    pub fn features(&self) -> impl Iterator<Item = Feature> {
        let plan = *self;
        let all = KNOWN.iter().map(|&(feature, _, _)| feature);
        all.filter(move |&feature| plan.has(feature))
    }

    /// The same without it.
    #[must_use]
    pub fn without(mut self, feature: Feature) -> Plan {
        self.features &= !(1 << feature as u64);
        self
    }

    /// The same with it.
    #[must_use]
    pub fn with(mut self, feature: Feature) -> Plan {
        self.features |= 1 << feature as u64;
        self
    }

    /// What is to be typed to run exactly this.
    pub fn typed(&self) -> String {
        let whole = Plan::of(self.seed);
        let mut typed = format!("cargo xtask sim --seed {}", self.seed);
        if self.records != whole.records {
            write!(typed, " --records {}", self.records).expect("a text takes all");
        }
        for (flag, has, lacks) in [("--with", self, &whole), ("--without", &whole, self)] {
            let differ = has.features().filter(|&feature| !lacks.has(feature));
            let names: Vec<&str> = differ.map(Feature::name).collect();
            if !names.is_empty() {
                write!(typed, " {flag} {}", names.join(",")).expect("a text takes all");
            }
        }
        if let Some(bug) = self.bug {
            write!(typed, " --bug {}", bug.name()).expect("a text takes all");
        }
        typed
    }
}

impl Feature {
    /// How it is typed.
    pub fn name(self) -> &'static str {
        let mut known = KNOWN.iter();
        let found = known.find(|(feature, _, _)| *feature == self);
        found.map_or("", |(_, name, _)| name)
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Feature> {
        let mut known = KNOWN.iter();
        known
            .find(|(_, known, _)| *known == name)
            .map(|&(feature, _, _)| feature)
    }
}

/// A mistake made on purpose, to see it found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// Positions move whoever owns them, wherever they are.
    PositionGuardDropped,
    /// Products are written without a look at what was decided on.
    RowGuardDropped,
    /// What is known outlives the database that it was learnt from.
    CacheKeptAfterARewind,
    /// Filters of closed parts outlive the database that they were built from.
    FiltersKeptAfterARewind,
    /// A COMMIT without an answer counts as one that failed.
    LostAnswerTakenAsNotCommitted,
    /// Product rows are locked in the order that events came in.
    ProductsLockedOutOfOrder,
    /// SKU locks of a process are taken in no order.
    SkusLockedOutOfOrder,
    /// Events pass those that are parked.
    HoldsIgnored,
    /// An older ruleset decides after a newer one.
    RevisionGuardDropped,
    /// Identities are not looked up.
    RepeatsNotLookedUp,
    /// A product that is adopted forgets that events of its SKU were refused.
    RefusalsForgottenByAdoption,
    /// A part of the ledger that went away with a lost tail counts as a refusal of its records.
    MissingPartTakenAsRefusal,
    /// A halt that went away with a lost tail still stands.
    LostHaltGoesOn,
    /// A ruleset that went away with a lost tail goes on deciding.
    LostRulesetGoesOnDeciding,
    /// A partition is fetched because its claim came just before it was taken.
    AssignOutlivesRevocation,
    /// The group is told what was fetched, not what was committed.
    FetchedIsMirrored,
    /// What a group in change did not take is not told it again.
    RefusedMirrorIsForgotten,
    /// What was mirrored under an earlier assignment is believed to be known.
    MirrorOutlivesItsAssignment,
    /// A lane is given records and not told.
    LaneIsNotWoken,
    /// A COMMIT without an answer counts as one that was done.
    LostAnswerTakenAsCommitted,
    /// What left while a lane waited for its SKUs is tried.
    LeftPartitionIsTried,
    /// The last records of a batch come first.
    BatchIsFoldedBackwards,
}

impl Bug {
    /// All of them.
    pub const ALL: [Bug; 22] = [
        Bug::PositionGuardDropped,
        Bug::RowGuardDropped,
        Bug::CacheKeptAfterARewind,
        Bug::FiltersKeptAfterARewind,
        Bug::LostAnswerTakenAsNotCommitted,
        Bug::ProductsLockedOutOfOrder,
        Bug::SkusLockedOutOfOrder,
        Bug::HoldsIgnored,
        Bug::RevisionGuardDropped,
        Bug::RepeatsNotLookedUp,
        Bug::RefusalsForgottenByAdoption,
        Bug::MissingPartTakenAsRefusal,
        Bug::LostHaltGoesOn,
        Bug::LostRulesetGoesOnDeciding,
        Bug::AssignOutlivesRevocation,
        Bug::FetchedIsMirrored,
        Bug::RefusedMirrorIsForgotten,
        Bug::MirrorOutlivesItsAssignment,
        Bug::LaneIsNotWoken,
        Bug::LostAnswerTakenAsCommitted,
        Bug::LeftPartitionIsTried,
        Bug::BatchIsFoldedBackwards,
    ];

    /// How it is typed.
    pub fn name(self) -> String {
        format!("{self:?}")
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Bug> {
        Bug::ALL.into_iter().find(|bug| bug.name() == name)
    }
}
