//! I5 and I7: the log and the rows of one partition, side by side. Each record has one row, which is its own.

use sea_orm::sqlx::{self, Row};

use super::Expect;
use super::answers::{Answer, Answers, Room};
use super::findings::{Findings, Invariant};
use super::log::{Log, Record};
use super::payload::{Event, Malformed, Quantity, decode};
use super::replay::Replay;
use super::snapshot::Snapshot;

/// Walks one partition and, beside it, the replay.
pub(super) async fn partition(
    snapshot: &mut Snapshot,
    topic: &str,
    expect: Expect,
    log: Log<'_>,
    mut replay: Option<&mut Replay>,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let partition = log.partition;
    let judged = Judged::read(snapshot, topic, &log).await?;
    let mut coverage = Coverage {
        topic,
        expect,
        partition,
        judged,
        findings,
        records: 0,
        rows: 0,
    };
    coverage.position(log.end_offset);
    let mut answers = Answers::open(snapshot, topic, partition).await?;
    for record in log {
        let record = record?;
        let mut rows = Vec::new();
        while let Some(row) = answers.next_up_to(record.offset).await? {
            if row.offset == record.offset {
                rows.push(row)
            } else {
                coverage.orphan(&row)
            }
        }
        let decoded = decode(&record, expect.facts_by_default);
        coverage.record(&record, &decoded, &rows);
        if let Some(replay) = replay.as_deref_mut()
            && coverage.judged.answered(record.offset)
        {
            replay.record(
                &coverage.place(record.offset),
                &decoded,
                &rows,
                coverage.findings,
            );
        }
    }
    while let Some(row) = answers.next_up_to(i64::MAX).await? {
        coverage.orphan(&row);
    }
    coverage.tally();
    if let Some(replay) = replay {
        replay.forget_ids();
    }
    Ok(())
}

/// The offsets of a partition that can be judged.
struct Judged {
    next_offset: i64,
    /// Rows below this were dropped with old ledger parts, or records below it by the broker.
    from: i64,
    gaps: Vec<(i64, i64)>,
}

impl Judged {
    async fn read(snapshot: &mut Snapshot, topic: &str, log: &Log<'_>) -> anyhow::Result<Self> {
        let partition = log.partition;
        let position = sqlx::query(include_str!("sql/positions.sql"))
            .bind(topic)
            .bind(partition);
        let (next_offset, retained_from) = match snapshot.rows(position).await?.first() {
            Some(row) => (row.try_get("next_offset")?, row.try_get("retained_from")?),
            None => (0, 0),
        };
        let gaps = snapshot
            .rows(
                sqlx::query(include_str!("sql/gaps.sql"))
                    .bind(topic)
                    .bind(partition),
            )
            .await?;
        let gaps = gaps
            .iter()
            .map(|gap| anyhow::Ok((gap.try_get("from_offset")?, gap.try_get("to_offset")?)));
        Ok(Self {
            next_offset,
            from: log.first_offset.max(retained_from),
            gaps: gaps.collect::<Result<_, _>>()?,
        })
    }

    fn excused(&self, offset: i64) -> bool {
        offset < self.from
            || self
                .gaps
                .iter()
                .any(|(from, to)| (*from..*to).contains(&offset))
    }

    /// A record here must have its row.
    fn answered(&self, offset: i64) -> bool {
        offset < self.next_offset && !self.excused(offset)
    }
}

struct Coverage<'a> {
    topic: &'a str,
    expect: Expect,
    partition: i32,
    judged: Judged,
    findings: &'a mut Findings,
    records: u64,
    rows: usize,
}

impl Coverage<'_> {
    fn place(&self, offset: i64) -> String {
        format!("{}/{}/{offset}", self.topic, self.partition)
    }

    fn broken(&mut self, offset: i64, what: String) {
        self.findings.add(Invariant::I5, self.place(offset), what);
    }

    fn position(&mut self, end_offset: i64) {
        if self.judged.next_offset > end_offset {
            self.broken(
                self.judged.next_offset,
                format!("the position is beyond the log's end {end_offset}"),
            );
        }
    }

    fn record(&mut self, record: &Record, decoded: &Result<Event, Malformed>, rows: &[Answer]) {
        let offset = record.offset;
        if self.judged.excused(offset) {
            return;
        }
        if !self.judged.answered(offset) {
            if !rows.is_empty() {
                self.broken(offset, "has a row, but the position is not past it".into());
            } else if self.expect.drained {
                self.broken(offset, "was never applied".into());
            }
            return;
        }
        self.records += 1;
        self.rows += rows.len();
        match rows {
            [row] => self.belongs(record, decoded, row),
            [] => self.broken(offset, "has no row".into()),
            rows => self.broken(offset, format!("has {} rows", rows.len())),
        }
    }

    fn orphan(&mut self, row: &Answer) {
        if self.judged.excused(row.offset) {
            return;
        }
        self.rows += usize::from(self.judged.answered(row.offset));
        self.broken(
            row.offset,
            format!("no such record, but a row in {:?}", row.room),
        );
    }

    fn belongs(&mut self, record: &Record, decoded: &Result<Event, Malformed>, row: &Answer) {
        let difference = match decoded {
            Err(why) => malformed_difference(record, row)
                .map(|what| format!("{what}; it is malformed: {why}")),
            Ok(event) => event_difference(event, row),
        };
        if let Some(what) = difference {
            self.broken(
                record.offset,
                format!("the row is not of this record: {what}"),
            );
        }
    }

    fn tally(&mut self) {
        if self.records != self.rows as u64 {
            let place = format!("{}/{}", self.topic, self.partition);
            let what = format!(
                "{} records below the position, {} rows",
                self.records, self.rows
            );
            self.findings.add(Invariant::I7, place, what);
        }
    }
}

fn malformed_difference(record: &Record, row: &Answer) -> Option<String> {
    if row.room != Room::Refusals || row.outcome.as_deref() != Some("malformed") {
        return Some(format!("{:?} {:?}", row.room, row.outcome));
    }
    let bytes = |value: &Option<Vec<u8>>| value.clone().unwrap_or_default();
    (bytes(&row.payload) != bytes(&record.value)).then(|| "other bytes were kept".into())
}

/// What of the event the row tells differently. Rules may clamp a change, so its amount is left to the replay.
fn event_difference(event: &Event, row: &Answer) -> Option<String> {
    if row.outcome.as_deref() == Some("malformed") {
        return Some(format!("refused as malformed: {:?}", row.code));
    }
    if row.sku.as_deref() != Some(&event.sku) {
        return Some(format!("SKU {:?} instead of {:?}", row.sku, event.sku));
    }
    if row.event_key != event.key {
        return Some(format!(
            "event key {:?} instead of {:?}",
            row.event_key, event.key
        ));
    }
    let (kind, counted) = match event.quantity {
        Quantity::Adjust(_) => ("adjust", None),
        Quantity::Count(units) => ("count", Some(units)),
    };
    if row.room == Room::Ledger
        && (row.kind.as_deref() != Some(kind)
            || counted.is_some_and(|units| row.stock != Some(units)))
    {
        return Some(format!(
            "{:?} that left {:?} instead of {:?}",
            row.kind, row.stock, event.quantity
        ));
    }
    None
}
