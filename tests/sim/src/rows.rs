//! The tables of the database, and the changes a transaction makes to them. Rows carry what the
//! real ones do and, where the checks need it, how they came about. Knows no lock and no time.

use plimsoll_domain::lane::PositionRow;
use plimsoll_domain::{EventKey, Hold, Kind, Refusal, Said, Seen, Stock, UnknownSku};

use crate::broker::at;
use crate::traffic::Wish;

/// Why a partition is halted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Ahead,
    Refused,
    Malformed,
    Retention,
    Truncated,
    Recreated,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) claim: u128,
    pub(crate) next_offset: i64,
    /// What lies below was gone when the partition was first met.
    pub(crate) retained_from: i64,
    pub(crate) owner_epoch: i64,
    pub(crate) halted: Option<Why>,
    pub(crate) revision: i32,
}

/// A product's row; its key is the number of its SKU.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    pub(crate) stock: Stock,
    /// Whether `refused_at` is set.
    pub(crate) refused: bool,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Unknown {
    pub(crate) sku: UnknownSku,
    pub(crate) refused: bool,
}

/// Partition and offset.
pub(crate) type Place = (i32, i64);

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) part: usize,
    pub(crate) sku: usize,
    pub(crate) key: Option<EventKey>,
    /// What was asked for; `None` for a line without a record.
    pub(crate) kind: Option<Kind>,
    pub(crate) change: i64,
    pub(crate) stock_after: i64,
    pub(crate) version: i64,
    pub(crate) record: Option<Place>,
    pub(crate) flags: Vec<Said>,
    pub(crate) revision: i32,
    pub(crate) at: i64,
    /// It was parked before.
    pub(crate) released: bool,
}

/// The columns `outcome` and `code` of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    Malformed,
    Refused(Refusal),
    ByOperator,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    pub(crate) record: Place,
    pub(crate) wish: Option<Wish>,
    pub(crate) code: Code,
    pub(crate) seen: Option<Seen>,
    pub(crate) revision: i32,
    pub(crate) at: i64,
    pub(crate) released: bool,
}

impl Refused {
    /// Whether a later event with the same identity is measured against it.
    pub(crate) fn answers(&self) -> bool {
        match self.code {
            Code::Malformed => false,
            Code::ByOperator => true,
            Code::Refused(refusal) => {
                !matches!(refusal, Refusal::Duplicate | Refusal::EventIdConflict)
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Parked {
    pub(crate) number: u64,
    pub(crate) record: Place,
    pub(crate) wish: Wish,
    pub(crate) hold: Hold,
    pub(crate) seen: Option<Seen>,
    pub(crate) revision: i32,
    pub(crate) at: i64,
}

/// A part of the ledger. Its number is its place in the list, from 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// When it was closed, under which id.
    pub(crate) closed: Option<(i64, u64)>,
}

/// Everything that is committed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tables {
    pub(crate) positions: Vec<Option<Position>>,
    pub(crate) products: Vec<Option<Product>>,
    pub(crate) unknown: Vec<Option<Unknown>>,
    pub(crate) lines: Vec<Line>,
    pub(crate) refused: Vec<Refused>,
    pub(crate) parked: Vec<Parked>,
    /// Units and version that a ledger starts from.
    pub(crate) openings: Vec<Option<(i64, i64)>>,
    pub(crate) parts: Vec<Part>,
    /// Digests; revisions count from 1.
    pub(crate) rulesets: Vec<u64>,
    /// Kafka's id of the topic that the positions are about.
    pub(crate) topic: Option<u64>,
    /// Offsets that an operator gave up: partition, from, to.
    pub(crate) gaps: Vec<(i32, i64, i64)>,
}

/// One row, changed.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    Position(i32, Position),
    Product(usize, Product),
    Unknown(usize, Option<Unknown>),
    Line(Line),
    Refused(Refused),
    Parked(Parked),
    /// What a parked event waits for by now.
    Waits(u64, Hold, Option<Seen>, i32),
    /// It is parked no longer.
    Left(u64),
    Opening(usize, i64, i64),
    Turn(i64, u64),
    Ruleset(u64),
    Topic(u64),
    Gap(i32, i64, i64),
}

impl Tables {
    pub(crate) fn apply(&mut self, change: &Change) {
        match *change {
            Change::Position(partition, position) => {
                if self.positions.len() <= at(partition) {
                    self.positions.resize(at(partition) + 1, None);
                }
                self.positions[at(partition)] = Some(position);
            }
            Change::Product(sku, product) => self.products[sku] = Some(product),
            Change::Unknown(sku, unknown) => self.unknown[sku] = unknown,
            Change::Line(ref line) => self.lines.push(line.clone()),
            Change::Refused(refused) => self.refused.push(refused),
            Change::Parked(parked) => self.parked.push(parked),
            Change::Waits(number, hold, seen, revision) => {
                for parked in self.parked.iter_mut().filter(|it| it.number == number) {
                    *parked = Parked {
                        hold,
                        seen,
                        revision,
                        ..*parked
                    };
                }
            }
            Change::Left(number) => self.parked.retain(|it| it.number != number),
            Change::Opening(sku, units, version) => self.openings[sku] = Some((units, version)),
            Change::Turn(at, id) => {
                if let Some(open) = self.parts.last_mut() {
                    open.closed = Some((at, id));
                }
                self.parts.push(Part { closed: None });
            }
            Change::Ruleset(digest) => self.rulesets.push(digest),
            Change::Topic(id) => self.topic = Some(id),
            Change::Gap(partition, from, to) => self.gaps.push((partition, from, to)),
        }
    }

    pub(crate) fn position(&self, partition: i32) -> Option<Position> {
        self.positions.get(at(partition)).copied().flatten()
    }

    pub(crate) fn newest_ruleset(&self) -> i32 {
        i32::try_from(self.rulesets.len()).expect("a few rulesets")
    }

    /// The digest of a revision, if it is there.
    pub(crate) fn digest(&self, revision: i32) -> Option<u64> {
        let place = usize::try_from(revision).ok()?.checked_sub(1)?;
        self.rulesets.get(place).copied()
    }
}

impl Position {
    pub(crate) fn row(&self, partition: i32) -> PositionRow {
        PositionRow {
            partition,
            claim: self.claim,
            next_offset: self.next_offset,
        }
    }
}
