//! A second, careless-looking opinion: folds the log event by event, in the order of the commits, with
//! nothing but a few numbers a SKU, and says what every row must be. Shares no code with the
//! fold of the domain, and asks each rule about one event at a time.

mod judge;

use std::collections::{BTreeMap, VecDeque};

use plimsoll_domain::{EventKey, Kind, OnUnknownSku, Said, Seen};

use crate::database::Commit;
use crate::journal::Operation;
use crate::outside::Outside;
use crate::release::EVENTS_MAX;
use crate::rows::Place;
use crate::rules::Ruleset;
use crate::traffic::Wish;
use judge::Asked;

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Line(Entry),
    /// The code of its refusal, what a rule said, and the product that was seen, where it decides.
    Refused(&'static str, Option<Said>, Option<Seen>),
    Parked(&'static str),
}

/// A ledger line; without a place, of a change past us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) place: Option<Place>,
    pub(crate) change: i64,
    pub(crate) units: i64,
    pub(crate) version: i64,
    pub(crate) flags: Vec<Said>,
    pub(crate) revision: i32,
}

/// A product, as the oracle knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Product {
    pub(crate) units: i64,
    pub(crate) version: i64,
    pub(crate) floor: i64,
    /// Units and version of the last line.
    pub(crate) ledger: Option<(i64, i64)>,
    /// The commit that made it.
    since: usize,
}

/// One SKU.
#[derive(Default)]
pub(crate) struct Sku {
    pub(crate) product: Option<Product>,
    pub(crate) lines: Vec<Entry>,
    waiting: VecDeque<(Place, Wish)>,
    /// Of all that were decided, or wait.
    identities: Vec<Identity>,
}

#[derive(Clone, Copy)]
struct Identity {
    key: EventKey,
    kind: Kind,
    place: Place,
    at: i64,
    /// The commit that decided about it.
    commit: usize,
}

pub(crate) struct Oracle<'a> {
    out: &'a Outside,
    pub(crate) skus: Vec<Sku>,
    pub(crate) fates: BTreeMap<Place, Fate>,
    /// As what the row of a record repeats another, where only the clock can tell.
    repeats: &'a dyn Fn(Place) -> Option<&'static str>,
}

/// What is being decided, where and when.
#[derive(Clone, Copy)]
struct Now {
    commit: usize,
    began: i64,
    at: i64,
    looked: i64,
    /// Products that were made later are not there.
    products: usize,
    ruleset: Ruleset,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(
        out: &'a Outside,
        first: &crate::rows::Tables,
        repeats: &'a dyn Fn(Place) -> Option<&'static str>,
    ) -> Oracle<'a> {
        let sku = |sku: usize| Sku {
            product: first.products[sku].map(|row| Product {
                units: row.stock.units,
                version: row.stock.version,
                floor: row.stock.floor,
                ledger: row.stock.ledger,
                since: 0,
            }),
            ..Sku::default()
        };
        Oracle {
            out,
            skus: (0..first.products.len()).map(sku).collect(),
            fates: BTreeMap::new(),
            repeats,
        }
    }

    /// Folds everything that was committed.
    pub(crate) fn fold(&mut self) {
        for (n, commit) in self.out.db.log.iter().enumerate() {
            if let Some(operation) = &commit.operation {
                self.operation(n, commit, operation);
            }
        }
    }

    fn operation(&mut self, n: usize, commit: &Commit, operation: &Operation) {
        let now = |ruleset, looked, products| Now {
            commit: n + 1,
            began: commit.began,
            at: commit.at,
            looked,
            products,
            ruleset,
        };
        match *operation {
            Operation::Batch {
                ref records,
                ruleset,
                looked,
                without_product,
                ..
            } => {
                let now = now(ruleset, looked, without_product.min(n));
                for &place in records {
                    self.record(place, now);
                }
            }
            Operation::Release {
                sku,
                ruleset,
                overruled,
            } => {
                self.release(sku, overruled, now(ruleset, commit.at, n));
            }
            Operation::Reject { sku } => {
                for (place, wish) in std::mem::take(&mut self.skus[sku].waiting) {
                    self.remember(&wish, place, now(Ruleset::default(), commit.at, n));
                    self.fates
                        .insert(place, Fate::refused("rejected_by_operator"));
                }
            }
            Operation::Product { sku, units, floor } => {
                self.skus[sku].product = Some(Product {
                    units,
                    version: 0,
                    floor,
                    ledger: None,
                    since: n + 1,
                });
            }
            Operation::Stock {
                sku,
                units,
                version,
            } => {
                if let Some(product) = &mut self.skus[sku].product {
                    (product.units, product.version) = (units, version);
                }
            }
            Operation::Floor { sku, floor } => {
                if let Some(product) = &mut self.skus[sku].product {
                    product.floor = floor;
                }
            }
        }
    }

    fn remember(&mut self, wish: &Wish, place: Place, now: Now) {
        if let Some(key) = wish.key {
            let identities = &mut self.skus[wish.sku].identities;
            identities.retain(|it| it.place != place);
            identities.push(Identity {
                key,
                kind: wish.kind,
                place,
                at: now.began,
                commit: now.commit,
            });
        }
    }

    fn record(&mut self, place: Place, now: Now) {
        let fate = match crate::final_checks::content(self.out, place) {
            Some(Some(wish)) => match self.repeat(&wish, place, now) {
                Some(code) => Fate::refused(code),
                None => {
                    let fate = self.decide(&wish, place, now, true, true);
                    self.remember(&wish, place, now);
                    if let Fate::Parked(_) = fate {
                        self.skus[wish.sku].waiting.push_back((place, wish));
                    }
                    fate
                }
            },
            Some(None) => Fate::refused("malformed"),
            None => Fate::refused("no such record"),
        };
        self.fates.insert(place, fate);
    }

    /// Whether an event repeats one that is remembered. Where only the clock can tell, the row decides
    /// among what is possible.
    fn repeat(&mut self, wish: &Wish, place: Place, now: Now) -> Option<&'static str> {
        let key = wish.key?;
        let identities = self.skus[wish.sku].identities.iter();
        let remembered =
            |it: &Identity, at| it.commit == now.commit || it.at > at - self.out.window;
        let possible: Vec<Identity> = identities
            .filter(|it| it.key == key && remembered(it, now.looked))
            .copied()
            .collect();
        let code = |it: &Identity| match it.kind == wish.kind {
            true => "duplicate",
            false => "event_id_conflict",
        };
        let sure = possible.iter().find(|it| remembered(it, now.at));
        let told = (self.repeats)(place);
        let may_be_told = possible.iter().any(|it| Some(code(it)) == told);
        let repeats = match (may_be_told, sure) {
            (true, _) => told,
            (false, sure) => sure.map(code),
        };
        if repeats == Some("event_id_conflict") {
            self.settle(wish.sku, now);
        }
        repeats
    }

    /// Parked events in order, until one must wait again.
    fn release(&mut self, sku: usize, overruled: bool, now: Now) {
        let most = if overruled { 1 } else { EVENTS_MAX };
        let mut names: Vec<(EventKey, Kind)> = Vec::new();
        for _ in 0..most {
            let Some(&(place, wish)) = self.skus[sku].waiting.front() else {
                return;
            };
            let first = names
                .iter()
                .find(|(key, _)| Some(*key) == wish.key)
                .copied();
            let fate = match first {
                Some((_, kind)) if kind == wish.kind => Fate::refused("duplicate"),
                Some(_) => Fate::refused("event_id_conflict"),
                None => self.decide(&wish, place, now, false, !overruled),
            };
            if let Fate::Parked(_) = fate {
                return;
            }
            names.extend(wish.key.map(|key| (key, wish.kind)));
            self.skus[sku].waiting.pop_front();
            self.remember(&wish, place, now);
            self.fates.insert(place, fate);
        }
    }

    /// The line that a ledger needs before anything else is written about its product.
    fn settle(&mut self, sku: usize, now: Now) {
        let state = &mut self.skus[sku];
        let Some(product) = state.product.as_mut().filter(|it| it.since <= now.products) else {
            return;
        };
        if let Some((units, version)) = product.ledger
            && (units, version) != (product.units, product.version)
        {
            product.version = version + 1;
            state.lines.push(Entry {
                place: None,
                change: product.units - units,
                units: product.units,
                version: product.version,
                flags: Vec::new(),
                revision: now.ruleset.revision,
            });
        }
        product.ledger = Some((product.units, product.version));
    }

    /// What becomes of an event that repeats none. `ask`: the rules, too.
    fn decide(&mut self, wish: &Wish, place: Place, now: Now, may_wait: bool, ask: bool) -> Fate {
        let waits = may_wait && !self.skus[wish.sku].waiting.is_empty();
        if let Some(fate) = self.without_product(wish.sku, now, waits) {
            return fate;
        }
        self.settle(wish.sku, now);
        let Some(product) = self.skus[wish.sku].product else {
            return Fate::Parked("no product");
        };
        if waits {
            return Fate::Parked("behind");
        }
        let asked = Asked {
            wish,
            place,
            product,
            ruleset: if ask { now.ruleset } else { Ruleset::default() },
        };
        let fate = asked.judge(&self.out.policy);
        if let Fate::Line(line) = &fate {
            let state = &mut self.skus[wish.sku];
            state.lines.push(line.clone());
            state.product = Some(Product {
                units: line.units,
                version: line.version,
                ledger: Some((line.units, line.version)),
                ..product
            });
        }
        fate
    }

    /// What becomes of an event whose SKU has no product; or makes one.
    fn without_product(&mut self, sku: usize, now: Now, waits: bool) -> Option<Fate> {
        let policy = self.out.policy;
        let state = &mut self.skus[sku];
        if state.product.is_some_and(|it| it.since <= now.products) {
            return None;
        }
        match policy.unknown_sku {
            _ if waits => Some(Fate::Parked("behind")),
            OnUnknownSku::Park => Some(Fate::Parked("unknown_sku")),
            OnUnknownSku::Reject => Some(Fate::refused("unknown_sku")),
            OnUnknownSku::Create => {
                state.product = Some(Product {
                    units: 0,
                    version: 0,
                    floor: policy.floor_default.min(0),
                    ledger: None,
                    since: now.products,
                });
                None
            }
        }
    }
}

impl Fate {
    fn refused(code: &'static str) -> Fate {
        Fate::Refused(code, None, None)
    }
}
