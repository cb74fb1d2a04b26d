//! One event and one product: the rules one by one, then the columns, then the floor. Sees no other
//! event.

use plimsoll_domain::{Code, Kind, Nature, Policy, Said, Seen, Verdict};

use super::{Entry, Fate, Product};
use crate::rows::Place;
use crate::rules::{Ruleset, verdicts};
use crate::traffic::Wish;

/// What is judged.
pub(super) struct Asked<'a> {
    pub(super) wish: &'a Wish,
    pub(super) place: Place,
    pub(super) product: Product,
    /// None at all: no rule is asked.
    pub(super) ruleset: Ruleset,
}

impl Asked<'_> {
    pub(super) fn judge(&self, policy: &Policy) -> Fate {
        let product = self.product;
        let refused = |code| Fate::Refused(code, None, Some(self.seen()));
        let stale = |version| version != product.version;
        if self.wish.expected_version.is_some_and(stale) {
            return refused("stale");
        }
        let (kind, flags) = match self.ask() {
            Ok(allowed) => allowed,
            Err(fate) => return fate,
        };
        let units = match kind {
            Kind::Adjust(change) => product.units.checked_add(change),
            Kind::Count(units) => Some(units),
        };
        let (most, version) = (policy.limits.units_max, product.version + 1);
        let fits =
            |it: &i64| *it <= most && *it >= -most - 1 && version <= policy.limits.version_max;
        let Some(units) = units.filter(fits) else {
            return refused("overflow");
        };
        match self.wish.nature {
            Nature::Intent if units < product.floor => refused("below_floor"),
            Nature::Fact if units < product.floor => Fate::Parked("below_floor"),
            Nature::Intent | Nature::Fact => Fate::Line(Entry {
                place: Some(self.place),
                change: units - product.units,
                units,
                version,
                flags,
                revision: self.ruleset.revision,
            }),
        }
    }

    fn seen(&self) -> Seen {
        Seen {
            stock: self.product.units,
            version: self.product.version,
            floor: self.product.floor,
        }
    }

    /// What all rules leave of the wish, and what they mark.
    fn ask(&self) -> Result<(Kind, Vec<Said>), Fate> {
        let wish = self.wish;
        if self.ruleset.revision == 0 {
            return Ok((wish.kind, Vec::new()));
        }
        let asked = match wish.kind {
            Kind::Adjust(change) => change.unsigned_abs(),
            Kind::Count(_) => 0,
        };
        let intent = wish.nature == Nature::Intent;
        let (mut flags, mut rejected, mut most) = (Vec::new(), None, asked);
        for (rule, answer) in (0..).zip(verdicts(self.ruleset.digest, wish, self.seen())) {
            let said = |code| Said { rule, code };
            match answer {
                Verdict::Accept => {}
                Verdict::Park(_) => return Err(Fate::Parked("rule")),
                Verdict::Flag(code) => flags.push(said(code)),
                Verdict::Reject(code) if intent => rejected = rejected.or(Some(said(code))),
                Verdict::Reject(code) => flags.push(said(code)),
                Verdict::Clamp(units) if units.unsigned_abs() >= asked => {}
                Verdict::Clamp(0) if intent => rejected = rejected.or(Some(said(Code::Clamped))),
                Verdict::Clamp(units) => {
                    flags.push(said(Code::Clamped));
                    most = if intent {
                        most.min(units.unsigned_abs())
                    } else {
                        most
                    };
                }
            }
        }
        if let Some(said) = rejected {
            return Err(Fate::Refused("rule", Some(said), Some(self.seen())));
        }
        let clamped = Kind::Adjust(-i64::try_from(most).unwrap_or(i64::MAX));
        Ok((if most < asked { clamped } else { wish.kind }, flags))
    }
}
