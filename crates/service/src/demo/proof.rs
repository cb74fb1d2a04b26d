//! The proof at the end: every record that the generator delivered, from its own log, beside the
//! rows that the service wrote. It trusts neither of the two.

mod compare;
mod law;
mod revisions;

use std::iter::Peekable;

use anyhow::Result;
use futures_util::TryStreamExt;
use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{Row as _, query, query_scalar};

use super::journal::{Entry, Journal, Sent};
use super::stage::STOCK_AT_FIRST;
use super::terms::History;
use crate::exit::Failure;
use crate::verify::Broken;
pub(super) use compare::{Row, Tally};
use revisions::Revisions;

/// Contradictions to name.
const NAMED_MAX: usize = 10;

/// What the comparison found.
#[derive(Debug, Default)]
pub(super) struct Proof {
    pub(super) tally: Tally,
    pub(super) revisions: Revisions,
    pub(super) broken: Vec<Broken>,
}

/// Every row that answers a record, by partition and offset.
const ROWS: &str = "
SELECT a.partition, a.record_offset, a.sku, a.event_key, a.quantity_change, a.outcome, a.code, a.rule,
    a.ruleset_revision, a.stock_seen, a.flags FROM (
    SELECT l.partition, l.record_offset, p.sku, l.event_key, l.quantity_change, 'movement' AS outcome, '' AS code,
        NULL AS rule, l.ruleset_revision, l.stock_after - l.quantity_change AS stock_seen,
        coalesce(l.flags, '{}') AS flags
    FROM plimsoll_internal.lines l JOIN products p ON p.id = l.product_id WHERE l.topic_id IS NOT NULL
    UNION ALL
    SELECT partition, record_offset, sku, event_key, NULL, outcome, code, rule, ruleset_revision, stock_seen, '{}'
    FROM plimsoll_internal.refused
    UNION ALL
    SELECT partition, record_offset, sku, event_key, NULL, 'parked', code, rule, ruleset_revision, stock_seen, '{}'
    FROM plimsoll_internal.parked_events
) a ORDER BY a.partition, a.record_offset";

/// Repetitions of something that was never decided.
const LOST: &str = "
SELECT count(*) FROM plimsoll_internal.refused r JOIN products p ON p.sku = r.sku
WHERE r.outcome = 'duplicate'
  AND NOT EXISTS (SELECT FROM plimsoll_internal.lines l WHERE l.product_id = p.id AND l.event_key = r.event_key)
  AND NOT EXISTS (SELECT FROM plimsoll_internal.refused f WHERE f.sku = r.sku AND f.event_key = r.event_key AND f.outcome = 'rejected')
  AND NOT EXISTS (SELECT FROM plimsoll_internal.parked_events e WHERE e.sku = r.sku AND e.event_key = r.event_key)";

/// SKUs whose events wait behind nothing that a rule parked.
const UNFOUNDED: &str = "
SELECT count(*) FROM (SELECT DISTINCT ON (sku) rule FROM plimsoll_internal.parked_events ORDER BY sku, number) first
WHERE rule IS NULL";

const STOCK: &str = "SELECT coalesce(sum(current_stock), 0)::bigint FROM products";

/// Compares, with memory for one row of each side.
pub(super) async fn prove(
    db: &PgPool,
    journal: Journal,
    history: &History,
) -> Result<Proof, Failure> {
    let mut proof = Proof::default();
    let unreadable = |error: anyhow::Error| Failure::failed(format!("{error:#}"), "");
    let mut entries = journal.read().map_err(unreadable)?.peekable();
    let mut rows = query(ROWS).fetch(db);
    while let Some(row) = rows.try_next().await? {
        let row = Row {
            partition: row.try_get(0)?,
            offset: row.try_get(1)?,
            sku: row.try_get(2)?,
            event_key: row.try_get(3)?,
            quantity_change: row.try_get(4)?,
            outcome: row.try_get(5)?,
            code: row.try_get(6)?,
            rule: row.try_get(7)?,
            revision: row.try_get(8)?,
            stock_seen: row.try_get(9)?,
            flags: row.try_get(10)?,
        };
        proof
            .meet(&row, &mut entries, history)
            .map_err(unreadable)?;
    }
    for entry in entries {
        proof.unanswered(&entry.map_err(unreadable)?);
    }
    let lost: i64 = query_scalar(LOST).fetch_one(db).await?;
    let unfounded: i64 = query_scalar(UNFOUNDED).fetch_one(db).await?;
    let stock: i64 = query_scalar(STOCK).fetch_one(db).await?;
    let stock_at_first = i64::from(history.skus) * STOCK_AT_FIRST;
    proof.sums(lost, unfounded, stock, stock_at_first);
    Ok(proof)
}

impl Proof {
    pub(super) fn holds(&self) -> bool {
        self.broken.is_empty()
    }

    /// One row, and the records up to it.
    fn meet(
        &mut self,
        row: &Row,
        entries: &mut Peekable<impl Iterator<Item = Result<Entry>>>,
        history: &History,
    ) -> Result<()> {
        if let Some(what) = self.revisions.meet(row.partition, row.revision) {
            self.broken(row.partition, row.offset, what);
        }
        let before = |entry: &Result<Entry>| {
            entry.as_ref().map_or(true, |entry| {
                (entry.partition, entry.offset) < (row.partition, row.offset)
            })
        };
        while let Some(entry) = entries.next_if(before) {
            self.unanswered(&entry?);
        }
        let same = |entry: &Result<Entry>| {
            entry
                .as_ref()
                .is_ok_and(|entry| (entry.partition, entry.offset) == (row.partition, row.offset))
        };
        match entries.next_if(same) {
            Some(entry) => {
                let entry = entry?;
                self.tally.count(&entry, row);
                if let Some(what) = compare::contradiction(&entry, row, history) {
                    self.broken(row.partition, row.offset, what);
                }
            }
            None => self.broken(
                row.partition,
                row.offset,
                format!("has one more row ({}) than records sent", row.outcome),
            ),
        }
        Ok(())
    }

    fn unanswered(&mut self, entry: &Entry) {
        self.tally.records += 1;
        self.broken(
            entry.partition,
            entry.offset,
            "was sent and has no row".to_owned(),
        );
    }

    fn broken(&mut self, partition: i32, offset: i64, what: String) {
        if self.broken.len() < NAMED_MAX {
            self.broken.push(Broken {
                place: format!("partition {partition}, offset {offset}"),
                what,
            });
        }
    }

    /// Each event once: as many answers as events, and none of them missing. And not for nothing.
    fn sums(&mut self, lost: i64, unfounded: i64, stock: i64, stock_at_first: i64) {
        let Tally {
            records,
            fresh,
            decided,
            units,
            ..
        } = self.tally;
        let mut broken = |what: String| {
            self.broken.push(Broken {
                place: "sum".to_owned(),
                what,
            })
        };
        if records == 0 {
            broken("nothing was sent, so nothing is proven".to_owned());
        }
        if fresh != decided {
            broken(format!("{fresh} events were sent, {decided} were decided"));
        }
        if lost > 0 {
            broken(format!(
                "{lost} duplicates repeat an event that was never decided"
            ));
        }
        if unfounded > 0 {
            broken(format!(
                "{unfounded} SKUs wait, and no rule parked the first of their events"
            ));
        }
        if stock != stock_at_first + units {
            broken(format!(
                "{stock_at_first} units at first and {units} moved are not the stock, {stock}"
            ));
        }
    }
}

impl Sent {
    pub(super) fn is_event(self) -> bool {
        matches!(self, Sent::Fresh | Sent::Repeat)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn entry(partition: i32, offset: i64) -> Entry {
        Entry {
            partition,
            offset,
            sku: 5,
            quantity_change: 3,
            id: Some(id(partition, offset)),
            sent: Sent::Fresh,
        }
    }

    fn row(partition: i32, offset: i64) -> Row {
        Row {
            partition,
            offset,
            sku: Some("SKU5".to_owned()),
            event_key: Some(id(partition, offset)),
            quantity_change: Some(3),
            outcome: "movement".to_owned(),
            code: String::new(),
            rule: None,
            revision: 0,
            stock_seen: Some(1),
            flags: Vec::new(),
        }
    }

    fn id(partition: i32, offset: i64) -> Uuid {
        Uuid::from_u64_pair(u64::from(partition.unsigned_abs()), offset.unsigned_abs())
    }

    fn compared(entries: &[(i32, i64)], rows: &[(i32, i64)]) -> Vec<String> {
        let mut proof = Proof::default();
        let mut entries = entries
            .iter()
            .map(|&(partition, offset)| Ok(entry(partition, offset)))
            .peekable();
        for &(partition, offset) in rows {
            proof
                .meet(&row(partition, offset), &mut entries, &History::default())
                .expect("entries can be read");
        }
        entries.for_each(|entry| proof.unanswered(&entry.expect("entries can be read")));
        proof
            .broken
            .into_iter()
            .map(|broken| format!("{}: {}", broken.place, broken.what))
            .collect()
    }

    #[test]
    fn each_record_has_one_row_and_each_row_one_record() {
        let all = [(0, 0), (0, 1), (1, 0)];
        assert_eq!(compared(&all, &all), Vec::<String>::new());
        assert_eq!(
            compared(&all, &[(0, 0), (1, 0)]),
            ["partition 0, offset 1: was sent and has no row"]
        );
        assert_eq!(
            compared(&all, &all[..2]),
            ["partition 1, offset 0: was sent and has no row"]
        );
        let doubled = [(0, 0), (0, 0), (0, 1), (1, 0)];
        assert_eq!(
            compared(&all, &doubled),
            ["partition 0, offset 0: has one more row (movement) than records sent"]
        );
        assert_eq!(
            compared(&all[..2], &all),
            ["partition 1, offset 0: has one more row (movement) than records sent"]
        );
    }

    #[test]
    fn sums_that_do_not_add_up_break_the_proof() {
        let sums = |fresh, decided, units, (lost, unfounded), stock| {
            let mut proof = Proof {
                tally: Tally {
                    records: fresh,
                    fresh,
                    decided,
                    units,
                    ..Tally::default()
                },
                ..Proof::default()
            };
            proof.sums(lost, unfounded, stock, 100);
            proof.holds()
        };
        assert!(sums(5, 5, 7, (0, 0), 107));
        assert!(!sums(5, 6, 7, (0, 0), 107));
        assert!(!sums(5, 5, 7, (1, 0), 107));
        assert!(!sums(5, 5, 7, (0, 1), 107));
        assert!(!sums(5, 5, 7, (0, 0), 108));
        assert!(!sums(0, 0, 0, (0, 0), 100));
    }
}
