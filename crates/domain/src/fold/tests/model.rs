//! A second, careless way to fold: one SKU at a time, every row it would write in a list, and
//! everything counted from those rows. Shares no code with the fold.

use std::collections::BTreeMap;

use super::notation::Case;
use crate::fold::{After, Folded, Line, OnUnknownSku};
use crate::{Event, Hold, Kind, Nature, Outcome, Policy, Refusal, Seen, Slot, Stock};

/// What `fold` must answer, opinion of the model.
pub(super) fn expected(case: &Case) -> Folded {
    let mut skus: BTreeMap<u32, Sku<'_>> = (0..)
        .zip(&case.slots)
        .map(|(n, &slot)| (n, Sku::of(n, slot, case)))
        .collect();
    let outcomes = case
        .events
        .iter()
        .map(|event| skus.get_mut(&event.slot).expect("a slot").event(event))
        .collect();
    Folded {
        outcomes,
        slots: skus.values().map(Sku::after).collect(),
        ..Folded::default()
    }
}

/// One SKU and the rows that the batch wrote about it.
struct Sku<'a> {
    before: Slot,
    policy: &'a Policy,
    /// First event of each identity.
    ids: BTreeMap<u128, Kind>,
    opening: Option<Line>,
    external: Option<Line>,
    movements: Vec<Line>,
    refusals: Vec<Refusal>,
    parked: u32,
}

impl<'a> Sku<'a> {
    fn of(number: u32, before: Slot, case: &'a Case) -> Sku<'a> {
        let mine = case
            .answered
            .iter()
            .filter(|((slot, _), _)| *slot == number);
        Sku {
            before,
            policy: &case.policy,
            ids: mine.map(|((_, key), kind)| (key.0, *kind)).collect(),
            opening: None,
            external: None,
            movements: Vec::new(),
            refusals: Vec::new(),
            parked: 0,
        }
    }

    fn event(&mut self, event: &Event) -> Outcome {
        let known = event.key.and_then(|key| self.ids.get(&key.0));
        let refusal = known.map(|&kind| {
            if kind == event.kind {
                Refusal::Duplicate
            } else {
                Refusal::EventIdConflict
            }
        });
        if refusal == Some(Refusal::Duplicate) {
            return Outcome::Refused {
                refusal: Refusal::Duplicate,
                seen: self.seen(),
            };
        }
        if let (Some(stock), None) = (self.product(), self.line()) {
            self.start(stock);
        }
        if let Some(refusal) = refusal {
            return self.refused(refusal);
        }
        if let Some(key) = event.key {
            self.ids.insert(key.0, event.kind);
        }
        if self.held() {
            return self.park(Hold::Behind);
        }
        if self.product().is_none() && self.line().is_none() {
            match self.policy.unknown_sku {
                OnUnknownSku::Park => return self.park(Hold::UnknownSku),
                OnUnknownSku::Reject => return self.refused(Refusal::UnknownSku),
                OnUnknownSku::Create => {
                    self.opening = Some(Line {
                        change: 0,
                        stock: 0,
                        version: 0,
                    })
                }
            }
        }
        self.judge(event)
    }

    /// The line that must stand before anything else.
    fn start(&mut self, stock: Stock) {
        let now = (stock.units, stock.version);
        match stock.ledger {
            None => {
                self.opening = Some(Line {
                    change: 0,
                    stock: stock.units,
                    version: stock.version,
                })
            }
            Some(last) if last == now => {}
            Some((units, version)) => {
                self.external = Some(Line {
                    change: stock.units - units,
                    stock: stock.units,
                    version: version + 1,
                });
            }
        }
    }

    fn judge(&mut self, event: &Event) -> Outcome {
        let Seen {
            stock,
            version,
            floor,
        } = self.seen().expect("there is a product by now");
        let limits = self.policy.limits;
        let change = match event.kind {
            Kind::Adjust(change) => i128::from(change),
            Kind::Count(units) => i128::from(units) - i128::from(stock),
        };
        let after = i128::from(stock) + change;
        let fits = i64::try_from(change).is_ok()
            && (-i128::from(limits.units_max) - 1..=i128::from(limits.units_max)).contains(&after)
            && version < limits.version_max;
        if event
            .expected_version
            .is_some_and(|expected| expected != version)
        {
            self.refused(Refusal::Stale)
        } else if !fits {
            self.refused(Refusal::Overflow)
        } else if after < i128::from(floor) && event.nature == Nature::Intent {
            self.refused(Refusal::BelowFloor)
        } else if after < i128::from(floor) {
            self.park(Hold::BelowFloor)
        } else {
            let narrow = |units: i128| i64::try_from(units).expect("it fits");
            let line = Line {
                change: narrow(change),
                stock: narrow(after),
                version: version + 1,
            };
            self.movements.push(line);
            Outcome::Movement {
                change: line.change,
                stock_after: line.stock,
                version: line.version,
            }
        }
    }

    fn refused(&mut self, refusal: Refusal) -> Outcome {
        self.refusals.push(refusal);
        Outcome::Refused {
            refusal,
            seen: self.seen(),
        }
    }

    fn park(&mut self, hold: Hold) -> Outcome {
        self.parked += 1;
        Outcome::Parked {
            hold,
            seen: self.seen(),
        }
    }

    fn product(&self) -> Option<Stock> {
        match self.before {
            Slot::Product(stock) => Some(stock),
            Slot::Unknown(_) => None,
        }
    }

    /// The last line that the batch wrote.
    fn line(&self) -> Option<Line> {
        self.movements
            .last()
            .copied()
            .or(self.external)
            .or(self.opening)
    }

    fn held(&self) -> bool {
        let before = match self.before {
            Slot::Product(stock) => stock.held,
            Slot::Unknown(unknown) => unknown.held,
        };
        before || self.parked > 0
    }

    fn seen(&self) -> Option<Seen> {
        let floor = self
            .product()
            .map_or(self.policy.floor_default.min(0), |stock| stock.floor);
        let seen = |stock, version| Seen {
            stock,
            version,
            floor,
        };
        let line = self.line().map(|line| seen(line.stock, line.version));
        line.or_else(|| self.product().map(|stock| seen(stock.units, stock.version)))
    }

    fn after(&self) -> After {
        let recorded = self.movements.len() + self.refusals.len() + self.parked as usize;
        After {
            before: self.before,
            now: self.now(recorded),
            opening: self.opening,
            external: self.external,
            recorded: u32::try_from(recorded).expect("a test is small"),
            refused: self
                .refusals
                .iter()
                .any(|&refusal| refusal != Refusal::EventIdConflict),
        }
    }

    /// Each row counts once.
    fn now(&self, recorded: usize) -> Slot {
        let rows =
            recorded + usize::from(self.opening.is_some()) + usize::from(self.external.is_some());
        let rows = i64::try_from(rows).expect("a test is small");
        match (self.before, self.seen()) {
            (Slot::Unknown(mut unknown), None) => {
                unknown.decisions += rows;
                unknown.held = self.held();
                Slot::Unknown(unknown)
            }
            (before, seen) => {
                let Seen {
                    stock: units,
                    version,
                    floor,
                } = seen.expect("a product is seen");
                let (decisions, ledger) = match before {
                    Slot::Unknown(unknown) => (unknown.decisions, None),
                    Slot::Product(stock) => (stock.decisions, stock.ledger),
                };
                let ledger = if rows > 0 {
                    Some((units, version))
                } else {
                    ledger
                };
                Slot::Product(Stock {
                    units,
                    version,
                    floor,
                    decisions: decisions + rows,
                    ledger,
                    held: self.held(),
                })
            }
        }
    }
}
