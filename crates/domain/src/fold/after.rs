//! One SKU while its events are folded: what each of them meets, and what it leaves. Knows
//! neither the events of other SKUs nor who answers for the rules.

use super::{OnUnknownSku, Policy};
use crate::verdict::Decision;
use crate::{Event, Hold, Kind, Limits, Nature, Outcome, Refusal, Seen, Slot, Stock, UnknownSku};

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

/// How far an event comes without the rules.
pub(super) enum Met {
    /// All the way.
    Outcome(Outcome),
    /// Up to this product, which it would change.
    Product(Stock),
}

impl After {
    pub(super) fn of(slot: Slot) -> After {
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

    /// Everything that is decided before rules are asked.
    pub(super) fn meet(&mut self, event: &Event, repeat: Option<Refusal>, policy: &Policy) -> Met {
        if let Some(refusal) = repeat {
            return Met::Outcome(self.refuse(refusal));
        }
        let stock = match self.now {
            Slot::Unknown(unknown) => match without_product(unknown, policy) {
                Ok(created) => created,
                Err(outcome) => return Met::Outcome(outcome),
            },
            Slot::Product(stock) => stock,
        };
        let stock = self.settle_accounts(stock);
        let seen = Some(stock.seen());
        if stock.held {
            let hold = Hold::Behind;
            return Met::Outcome(Outcome::Parked { hold, seen });
        }
        let stale = |version| version != stock.version;
        if event.expected_version.is_some_and(stale) {
            let refusal = Refusal::Stale;
            return Met::Outcome(Outcome::Refused { refusal, seen });
        }
        Met::Product(stock)
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

    pub(super) fn record(&mut self, outcome: Outcome) {
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

/// The one place where an event is judged: what the rules decided, and behind them the columns
/// and the floor of the platform.
pub(super) fn judge(event: &Event, stock: Stock, limits: Limits, decision: Decision) -> Outcome {
    let seen = Some(stock.seen());
    let refused = |refusal| Outcome::Refused { refusal, seen };
    let parked = |hold| Outcome::Parked { hold, seen };
    let kind = match decision {
        Decision::Park(said) => return parked(Hold::Rule(said)),
        Decision::Reject(said) => return refused(Refusal::Rule(said)),
        Decision::Clamp(units) => Kind::Adjust(units.saturating_neg()),
        Decision::Accept => event.kind,
    };
    let Some((change, stock_after, version)) = moved(kind, stock, limits) else {
        return refused(Refusal::Overflow);
    };
    if stock_after < stock.floor {
        return match event.nature {
            Nature::Intent => refused(Refusal::BelowFloor),
            Nature::Fact => parked(Hold::BelowFloor),
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
    pub(super) fn seen(self) -> Seen {
        Seen {
            stock: self.units,
            version: self.version,
            floor: self.floor,
        }
    }
}
