//! The fold: one batch of events over what is known of their SKUs, in order, each event
//! seeing the balance the one before it left. Knows nothing of how its knowledge was got:
//! the transaction checks every bit of it again.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use crate::{
    Event, EventKey, Hold, Kind, Limits, Nature, Outcome, Refusal, Seen, Slot, Stock, UnknownSku,
};

/// What the database answered about identities: the first event of a slot that had the key.
pub type Answered = HashMap<(u32, EventKey), Kind>;

/// What becomes of an event whose SKU has no product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknownSku {
    /// It waits for the product.
    Park,
    /// It is refused.
    Reject,
    /// The product is created, empty.
    Create,
}

/// How this service decides, for every SKU alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What becomes of an event whose SKU has no product.
    pub unknown_sku: OnUnknownSku,
    /// Floor of the products that Plimsoll creates, in units.
    pub floor_default: i64,
    /// What the columns can hold.
    pub limits: Limits,
}

/// A ledger line without a record: the opening, or a change made past us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Units added since our last line; 0 for an opening.
    pub change: i64,
    /// Units on hand.
    pub stock: i64,
    /// Its version.
    pub version: i64,
}

/// One SKU after the batch, beside what it was decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// What the decisions were made on, and are checked against.
    pub before: Slot,
    /// The SKU now.
    pub now: Slot,
    /// The line its ledger starts from, if this batch is the first to meet it.
    pub opening: Option<Line>,
    /// The line that explains a stock which somebody changed past us.
    pub external: Option<Line>,
    /// Movements, refusals that are not duplicates, and parked events of this batch.
    pub recorded: u32,
    /// Whether one of them is a refusal that a later event's identity is measured against.
    pub refused: bool,
}

/// A folded batch.
#[derive(Debug)]
pub struct Folded {
    /// One for each event, in the order given.
    pub outcomes: Vec<Outcome>,
    /// One for each slot.
    pub slots: Vec<After>,
}

/// Folds `events`, each naming one of `slots`, in order.
///
/// `answered` holds the identities already decided before this batch; identities inside the
/// batch are found here.
///
/// # Panics
/// If an event names a slot that is not there.
pub fn fold(events: &[Event], slots: &[Slot], answered: &Answered, policy: &Policy) -> Folded {
    let mut fold = Fold {
        policy,
        answered,
        first: HashMap::with_capacity(events.len()),
        slots: slots.iter().map(|&slot| After::of(slot)).collect(),
    };
    let outcomes = events.iter().map(|event| fold.event(event)).collect();
    Folded {
        outcomes,
        slots: fold.slots,
    }
}

struct Fold<'a> {
    policy: &'a Policy,
    answered: &'a Answered,
    first: HashMap<(u32, EventKey), Kind>,
    slots: Vec<After>,
}

impl Fold<'_> {
    fn event(&mut self, event: &Event) -> Outcome {
        let repeat = self.repeat(event);
        let after = &mut self.slots[event.slot as usize];
        let outcome = match repeat {
            Some(refusal) => after.refuse(refusal),
            None => after.decide(event, self.policy),
        };
        after.record(outcome);
        if let (Some(key), true) = (event.key, answers(outcome)) {
            self.first.insert((event.slot, key), event.kind);
        }
        outcome
    }

    fn repeat(&self, event: &Event) -> Option<Refusal> {
        let id = (event.slot, event.key?);
        let first = self.answered.get(&id).or_else(|| self.first.get(&id))?;
        Some(if *first == event.kind {
            Refusal::Duplicate
        } else {
            Refusal::EventIdConflict
        })
    }
}

/// Whether a later event with the same identity is measured against this outcome.
fn answers(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Movement { .. } | Outcome::Parked { .. } => true,
        Outcome::Refused { refusal, .. } => refusal.answers_for_its_identity(),
    }
}

impl After {
    fn of(slot: Slot) -> After {
        After {
            before: slot,
            now: slot,
            opening: None,
            external: None,
            recorded: 0,
            refused: false,
        }
    }

    /// Whether anything is to be written about the SKU itself.
    pub fn touched(&self) -> bool {
        self.recorded > 0
    }

    /// Whether the SKU has a product now and had none before.
    pub fn created(&self) -> bool {
        matches!(
            (self.before, self.now),
            (Slot::Unknown(_), Slot::Product(_))
        )
    }

    fn seen(&self) -> Option<Seen> {
        match self.now {
            Slot::Product(stock) => Some(stock.seen()),
            Slot::Unknown(_) => None,
        }
    }

    /// A repeat. Only a duplicate leaves no mark on its SKU.
    fn refuse(&mut self, refusal: Refusal) -> Outcome {
        if let (Slot::Product(stock), true) = (self.now, refusal != Refusal::Duplicate) {
            self.settle_accounts(stock);
        }
        Outcome::Refused {
            refusal,
            seen: self.seen(),
        }
    }

    fn decide(&mut self, event: &Event, policy: &Policy) -> Outcome {
        let stock = match self.now {
            Slot::Unknown(unknown) => match without_product(unknown, policy) {
                Ok(created) => created,
                Err(outcome) => return outcome,
            },
            Slot::Product(stock) => stock,
        };
        let stock = self.settle_accounts(stock);
        judge(event, stock, policy.limits)
    }

    /// Writes the line a ledger needs before the first movement of a batch: its opening, or
    /// the change that somebody made past us.
    fn settle_accounts(&mut self, mut stock: Stock) -> Stock {
        match stock.ledger {
            None => {
                self.opening = Some(Line {
                    change: 0,
                    stock: stock.units,
                    version: stock.version,
                });
                stock.decisions = stock.decisions.saturating_add(1);
            }
            Some((units, version)) if (units, version) != (stock.units, stock.version) => {
                stock.version = version.saturating_add(1);
                let change = stock.units.saturating_sub(units);
                self.external = Some(Line {
                    change,
                    stock: stock.units,
                    version: stock.version,
                });
                stock.decisions = stock.decisions.saturating_add(1);
            }
            Some(_) => {}
        }
        stock.ledger = Some((stock.units, stock.version));
        self.now = Slot::Product(stock);
        stock
    }

    fn record(&mut self, outcome: Outcome) {
        if let Outcome::Refused {
            refusal: Refusal::Duplicate,
            ..
        } = outcome
        {
            return;
        }
        self.recorded = self.recorded.saturating_add(1);
        self.refused |= matches!(outcome, Outcome::Refused { refusal, .. } if refusal.answers_for_its_identity());
        let parked = matches!(outcome, Outcome::Parked { .. });
        match &mut self.now {
            Slot::Unknown(unknown) => {
                unknown.decisions = unknown.decisions.saturating_add(1);
                unknown.held |= parked;
            }
            Slot::Product(stock) => {
                stock.decisions = stock.decisions.saturating_add(1);
                stock.held |= parked;
                if let Outcome::Movement {
                    stock_after,
                    version,
                    ..
                } = outcome
                {
                    stock.units = stock_after;
                    stock.version = version;
                    stock.ledger = Some((stock_after, version));
                }
            }
        }
    }
}

/// The empty product of an unknown SKU, or what becomes of its event.
fn without_product(unknown: UnknownSku, policy: &Policy) -> Result<Stock, Outcome> {
    let parked = |hold| Err(Outcome::Parked { hold, seen: None });
    match policy.unknown_sku {
        _ if unknown.held => parked(Hold::Behind),
        OnUnknownSku::Park => parked(Hold::UnknownSku),
        OnUnknownSku::Reject => Err(Outcome::Refused {
            refusal: Refusal::UnknownSku,
            seen: None,
        }),
        OnUnknownSku::Create => Ok(Stock {
            units: 0,
            version: 0,
            // A new product starts at 0 units, so its floor cannot lie above.
            floor: policy.floor_default.min(0),
            decisions: unknown.decisions,
            ledger: None,
            held: false,
        }),
    }
}

/// The one place where an event is judged: the floor of the platform, and the columns.
fn judge(event: &Event, stock: Stock, limits: Limits) -> Outcome {
    let seen = Some(stock.seen());
    let refused = |refusal| Outcome::Refused { refusal, seen };
    if stock.held {
        return Outcome::Parked {
            hold: Hold::Behind,
            seen,
        };
    }
    if event
        .expected_version
        .is_some_and(|version| version != stock.version)
    {
        return refused(Refusal::Stale);
    }
    let Some((change, stock_after, version)) = moved(event.kind, stock, limits) else {
        return refused(Refusal::Overflow);
    };
    if stock_after < stock.floor {
        return match event.nature {
            Nature::Intent => refused(Refusal::BelowFloor),
            Nature::Fact => Outcome::Parked {
                hold: Hold::BelowFloor,
                seen,
            },
        };
    }
    Outcome::Movement {
        change,
        stock_after,
        version,
    }
}

/// Change, stock and version after the event, unless a column cannot hold one of them.
fn moved(kind: Kind, stock: Stock, limits: Limits) -> Option<(i64, i64, i64)> {
    let (change, stock_after) = match kind {
        Kind::Adjust(change) => (change, stock.units.checked_add(change)?),
        Kind::Count(units) => (units.checked_sub(stock.units)?, units),
    };
    let version = stock
        .version
        .checked_add(1)
        .filter(|&v| v <= limits.version_max)?;
    limits
        .hold(stock_after)
        .then_some((change, stock_after, version))
}

impl Stock {
    fn seen(self) -> Seen {
        Seen {
            stock: self.units,
            version: self.version,
            floor: self.floor,
        }
    }
}
