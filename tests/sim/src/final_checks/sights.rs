//! Which outcomes a run had, by its rows.

use plimsoll_domain::{Hold, Refusal};

use crate::outside::Outside;
use crate::rows::Code;
use crate::seen::Sight;

pub(super) fn note(out: &mut Outside) {
    let mut sights = Vec::new();
    for line in &out.db.tables.lines {
        sights.push(if line.record.is_some() {
            Sight::Movement
        } else {
            Sight::External
        });
        if line.released {
            sights.push(Sight::Released);
            if line.revision == 0 {
                sights.push(Sight::Overruled);
            }
        }
        if !line.flags.is_empty() {
            sights.push(Sight::Flagged);
        }
        if let Some(plimsoll_domain::Kind::Adjust(units)) = line.kind
            && units != line.change
        {
            sights.push(Sight::Clamped);
        }
    }
    for refused in &out.db.tables.refused {
        sights.push(match refused.code {
            Code::Malformed => Sight::Malformed,
            Code::ByOperator => Sight::RejectedByOperator,
            Code::Refused(Refusal::Duplicate) => Sight::Duplicate,
            Code::Refused(Refusal::EventIdConflict) => Sight::EventIdConflict,
            Code::Refused(Refusal::UnknownSku) => Sight::UnknownSku,
            Code::Refused(Refusal::Stale) => Sight::Stale,
            Code::Refused(Refusal::Rule(_)) => Sight::RefusedByRule,
            Code::Refused(Refusal::Overflow) => Sight::Overflow,
            Code::Refused(Refusal::BelowFloor) => Sight::BelowFloor,
        });
    }
    for commit in &out.db.log {
        for change in &commit.changes {
            if let crate::rows::Change::Parked(parked) = change {
                sights.push(match parked.hold {
                    Hold::Behind => Sight::ParkedBehind,
                    Hold::UnknownSku => Sight::ParkedForProduct,
                    Hold::BelowFloor => Sight::ParkedBelowFloor,
                    Hold::Rule(said) if said.code == plimsoll_domain::Code::Fault => {
                        Sight::RuleFault
                    }
                    Hold::Rule(_) => Sight::ParkedByRule,
                });
            }
        }
    }
    sights.into_iter().for_each(|sight| out.note(sight));
}
