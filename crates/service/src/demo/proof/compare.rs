//! One record beside the row that answers it, by the words of the contract alone.

use std::collections::BTreeMap;

use plimsoll_sandbox::workload::{channel, sku_name};
use uuid::Uuid;

use super::law::{self, Asked, Right};
use crate::demo::journal::{Entry, Sent};
use crate::demo::terms::{CHANNELS, History};

/// A row that answers a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::demo) struct Row {
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) sku: Option<String>,
    pub(super) event_key: Option<Uuid>,
    pub(super) quantity_change: Option<i64>,
    pub(super) outcome: String,
    pub(super) code: String,
    /// The rule that turned it away or made it wait, if it was one.
    pub(super) rule: Option<String>,
    pub(super) revision: i32,
    /// Stock before it.
    pub(super) stock_seen: Option<i64>,
    /// Marks of rules on a movement.
    pub(super) flags: Vec<String>,
}

/// How many of what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::demo) struct Tally {
    /// Records sent.
    pub(in crate::demo) records: u64,
    /// Events sent for the first time.
    pub(in crate::demo) fresh: u64,
    /// Events sent once more.
    pub(in crate::demo) repeats: u64,
    /// Records that are no event, or an impossible one.
    pub(in crate::demo) poison: u64,
    /// Rows that answer for an event: for it, against it, or that it waits.
    pub(in crate::demo) decided: u64,
    /// Rows that changed stock.
    pub(in crate::demo) movements: u64,
    /// Units they moved, by the generator's log.
    pub(in crate::demo) units: i64,
    /// Events turned away because stock did not suffice.
    pub(in crate::demo) below_floor: u64,
    /// Events that a rule refused.
    pub(in crate::demo) refused: u64,
    /// Events known already.
    pub(in crate::demo) duplicates: u64,
    /// Events that wait, for a person or behind one that does.
    pub(in crate::demo) waiting: u64,
    /// Records that rules refused, parked or marked, by rule and code; marks without a rule.
    pub(in crate::demo) by_rule: BTreeMap<(String, String), u64>,
}

impl Tally {
    pub(super) fn count(&mut self, entry: &Entry, row: &Row) {
        self.records += 1;
        match entry.sent {
            Sent::Fresh => self.fresh += 1,
            Sent::Repeat => self.repeats += 1,
            Sent::Malformed | Sent::Impossible => self.poison += 1,
        }
        self.decided += u64::from(entry.sent.is_event() && row.outcome != "duplicate");
        self.duplicates += u64::from(row.outcome == "duplicate");
        self.below_floor += u64::from(entry.sent.is_event() && row.code == "below_floor");
        if row.outcome == "movement" {
            self.movements += 1;
            self.units += entry.quantity_change;
        }
        self.waiting += u64::from(entry.sent.is_event() && row.outcome == "parked");
        let refused = row.outcome == "rejected" && row.rule.is_some();
        self.refused += u64::from(entry.sent.is_event() && refused);
        if let Some(rule) = &row.rule {
            let said = (rule.clone(), row.code.clone());
            *self.by_rule.entry(said).or_default() += 1;
        }
        for flag in &row.flags {
            let said = (String::new(), flag.clone());
            *self.by_rule.entry(said).or_default() += 1;
        }
    }
}

/// What is wrong with a row, if anything.
pub(super) fn contradiction(entry: &Entry, row: &Row, history: &History) -> Option<String> {
    let Some(terms) = history.terms(row.revision) else {
        return Some(format!(
            "was decided by revision {}, which nobody activated",
            row.revision
        ));
    };
    let answer = (row.outcome.as_str(), row.code.as_str());
    if entry.sent == Sent::Malformed {
        return (row.outcome != "malformed").then(|| told(entry, row));
    }
    // A poisoned record is of its SKU all the same, and may wait behind another.
    if row.sku.as_deref() != Some(&sku_name(entry.sku)) || row.event_key != entry.id {
        return Some(format!(
            "is of {} with id {:?}, its row of {:?} with {:?}",
            sku_name(entry.sku),
            entry.id,
            row.sku,
            row.event_key
        ));
    }
    match (answer, row.stock_seen) {
        (("duplicate", _), _) if entry.sent.is_event() => None,
        (("parked", "behind"), _) => None,
        (_, None) => Some(format!("{}, without the stock it met", told(entry, row))),
        (_, Some(stock)) => {
            let right = law::judge(terms, history.skus, asked(entry, stock));
            unlawful(entry, row, right)
        }
    }
}

fn asked(entry: &Entry, stock: i64) -> Asked {
    Asked {
        sku: entry.sku,
        change: match entry.sent {
            Sent::Impossible => i64::MIN,
            Sent::Fresh | Sent::Repeat | Sent::Malformed => entry.quantity_change,
        },
        channel: channel(&CHANNELS, entry.id).is_some(),
        stock,
    }
}

/// How a row differs from what the rules and the floor must have made of its event.
fn unlawful(entry: &Entry, row: &Row, right: Right) -> Option<String> {
    let same = row.outcome == right.outcome
        && row.code == right.code
        && row.rule.as_deref() == right.rule
        && row.flags.iter().map(String::as_str).eq(right.flag);
    if !same {
        return Some(format!("{}, where right is {right:?}", told(entry, row)));
    }
    let moved = row
        .quantity_change
        .filter(|change| row.outcome == "movement" && *change != entry.quantity_change);
    moved.map(|change| {
        format!(
            "asked for {}, its row moved {change}",
            entry.quantity_change
        )
    })
}

fn told(entry: &Entry, row: &Row) -> String {
    format!(
        "was sent as {:?} of {} units and answered with {} {} of rule {:?} marked {:?} at stock {:?}, revision {}",
        entry.sent,
        entry.quantity_change,
        row.outcome,
        row.code,
        row.rule,
        row.flags,
        row.stock_seen,
        row.revision
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::terms::Terms;

    fn entry(sent: Sent) -> Entry {
        Entry {
            partition: 0,
            offset: 7,
            sku: 5,
            quantity_change: -2,
            id: Some(Uuid::from_u128(9)),
            sent,
        }
    }

    /// SKU 5 may be sold down to -10 by the first revision's terms.
    fn history() -> History {
        History {
            skus: 1_000,
            revisions: vec![Terms::first()],
        }
    }

    fn row(outcome: &str, code: &str) -> Row {
        let change = (outcome == "movement").then_some(-2);
        Row {
            partition: 0,
            offset: 7,
            sku: Some("SKU5".to_owned()),
            event_key: Some(Uuid::from_u128(9)),
            quantity_change: change,
            outcome: outcome.to_owned(),
            code: code.to_owned(),
            rule: None,
            revision: 1,
            stock_seen: Some(20),
            flags: Vec::new(),
        }
    }

    #[test]
    fn each_kind_of_record_has_its_answers() {
        for (sent, outcome, code, right) in [
            (Sent::Fresh, "movement", "", true),
            (Sent::Fresh, "duplicate", "duplicate", true),
            (Sent::Repeat, "rejected", "below_floor", false),
            (Sent::Fresh, "rejected", "event_id_conflict", false),
            (Sent::Fresh, "malformed", "not_json", false),
            (Sent::Fresh, "parked", "behind", true),
            (Sent::Fresh, "parked", "unknown_sku", false),
            (Sent::Malformed, "malformed", "not_json", true),
            (Sent::Malformed, "movement", "", false),
            (Sent::Impossible, "rejected", "overflow", false),
            (Sent::Impossible, "duplicate", "duplicate", false),
            (Sent::Impossible, "movement", "", false),
        ] {
            assert_eq!(
                contradiction(&entry(sent), &row(outcome, code), &history()).is_none(),
                right,
                "{sent:?} {outcome} {code}"
            );
        }
    }

    #[test]
    fn without_rules_an_impossible_record_overflows_or_misses_the_floor() {
        let row = |stock| Row {
            revision: 0,
            stock_seen: Some(stock),
            ..row(
                "rejected",
                if stock < 0 { "overflow" } else { "below_floor" },
            )
        };
        for stock in [-1, 0] {
            let found = contradiction(&entry(Sent::Impossible), &row(stock), &History::default());
            assert_eq!(found, None);
        }
    }

    #[test]
    fn a_refusal_by_a_rule_holds_only_with_its_rule_code_stock_and_revision() {
        let right = Row {
            rule: Some("oversell-allowance".to_owned()),
            stock_seen: Some(-9),
            ..row("rejected", "allowance_used_up")
        };
        let check = |row: &Row| contradiction(&entry(Sent::Fresh), row, &history());
        assert_eq!(check(&right), None);
        for wrong in [
            Row {
                rule: None,
                ..right.clone()
            },
            Row {
                rule: Some("safety-stock".to_owned()),
                ..right.clone()
            },
            Row {
                code: "insufficient_stock".to_owned(),
                ..right.clone()
            },
            Row {
                stock_seen: Some(-8),
                ..right.clone()
            },
            Row {
                stock_seen: None,
                ..right.clone()
            },
            Row {
                revision: 0,
                ..right.clone()
            },
            Row {
                revision: 2,
                ..right.clone()
            },
        ] {
            assert!(check(&wrong).is_some(), "{wrong:?}");
        }
    }

    #[test]
    fn what_a_rule_should_have_refused_or_marked_is_no_movement() {
        let moved = |stock, flags: &[&str]| Row {
            stock_seen: Some(stock),
            flags: flags.iter().map(|&flag| flag.to_owned()).collect(),
            ..row("movement", "")
        };
        for (stock, flags, right) in [
            (2, &[][..], true),
            (1, &[], false),
            (1, &["backordered"], true),
            (2, &["backordered"], false),
            (-8, &["backordered"], true),
            (-9, &["backordered"], false),
        ] {
            let row = moved(stock, flags);
            let found = contradiction(&entry(Sent::Fresh), &row, &history());
            assert_eq!(found.is_none(), right, "{row:?}");
        }
    }

    #[test]
    fn a_row_must_say_what_its_record_said() {
        let right = row("movement", "");
        for wrong in [
            Row {
                sku: Some("SKU6".to_owned()),
                ..right.clone()
            },
            Row {
                event_key: None,
                ..right.clone()
            },
            Row {
                quantity_change: Some(2),
                ..right.clone()
            },
        ] {
            assert!(
                contradiction(&entry(Sent::Fresh), &wrong, &history()).is_some(),
                "{wrong:?}"
            );
        }
        assert_eq!(contradiction(&entry(Sent::Fresh), &right, &history()), None);
    }
}
