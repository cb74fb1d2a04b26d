//! One record beside the row that answers it, by the words of the contract alone.

use plimsoll_sandbox::workload::sku_name;
use uuid::Uuid;

use crate::demo::journal::{Entry, Sent};

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
}

/// How many of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::demo) struct Tally {
    /// Records sent.
    pub(in crate::demo) records: u64,
    /// Events sent for the first time.
    pub(in crate::demo) fresh: u64,
    /// Events sent once more.
    pub(in crate::demo) repeats: u64,
    /// Records that are no event, or an impossible one.
    pub(in crate::demo) poison: u64,
    /// Rows that decide an event, for or against it.
    pub(in crate::demo) decided: u64,
    /// Rows that changed stock.
    pub(in crate::demo) movements: u64,
    /// Units they moved, by the generator's log.
    pub(in crate::demo) units: i64,
    /// Events turned away because stock did not suffice.
    pub(in crate::demo) below_floor: u64,
    /// Events known already.
    pub(in crate::demo) duplicates: u64,
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
    }
}

/// What is wrong with a row, if anything.
pub(super) fn contradiction(entry: &Entry, row: &Row) -> Option<String> {
    let answer = format!("{} {}", row.outcome, row.code);
    let right = match entry.sent {
        Sent::Malformed => row.outcome == "malformed",
        Sent::Impossible => row.outcome == "rejected",
        Sent::Fresh | Sent::Repeat => matches!(
            (row.outcome.as_str(), row.code.as_str()),
            ("movement" | "duplicate", _) | ("rejected", "below_floor")
        ),
    };
    if !right {
        return Some(format!(
            "was sent as {:?} and answered with {answer}",
            entry.sent
        ));
    }
    if entry.sent == Sent::Malformed {
        return None;
    }
    if row.sku.as_deref() != Some(&sku_name(entry.sku)) || row.event_key != entry.id {
        return Some(format!(
            "is of {} with id {:?}, its row of {:?} with {:?}",
            sku_name(entry.sku),
            entry.id,
            row.sku,
            row.event_key
        ));
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

#[cfg(test)]
mod tests {
    use super::*;

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
        }
    }

    #[test]
    fn each_kind_of_record_has_its_answers() {
        for (sent, outcome, code, right) in [
            (Sent::Fresh, "movement", "", true),
            (Sent::Fresh, "duplicate", "duplicate", true),
            (Sent::Repeat, "rejected", "below_floor", true),
            (Sent::Fresh, "rejected", "event_id_conflict", false),
            (Sent::Fresh, "malformed", "not_json", false),
            (Sent::Fresh, "parked", "behind", false),
            (Sent::Malformed, "malformed", "not_json", true),
            (Sent::Malformed, "movement", "", false),
            (Sent::Impossible, "rejected", "overflow", true),
            (Sent::Impossible, "movement", "", false),
        ] {
            assert_eq!(
                contradiction(&entry(sent), &row(outcome, code)).is_none(),
                right,
                "{sent:?} {outcome} {code}"
            );
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
                contradiction(&entry(Sent::Fresh), &wrong).is_some(),
                "{wrong:?}"
            );
        }
        assert_eq!(contradiction(&entry(Sent::Fresh), &right), None);
    }
}
