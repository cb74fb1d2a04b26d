//! One row for every record: ledger lines, refusals, parked events; each table in the order
//! of its key.

use plimsoll_domain::{EventKey, Kind, Outcome, Refusal, Seen};
use plimsoll_wire::Malformed;
use sea_orm::{ConnectionTrait, DbErr, Value};
use uuid::Uuid;

use super::Folds;
use crate::batch::{Entry, Read};
use crate::database::execute;
use crate::store::columns::{array, opt_text, opt_uuid};
use crate::store::judged::Why;

mod ledger;

/// Writes all rows of the attempt.
pub(super) async fn insert<C: ConnectionTrait>(
    folds: &Folds<'_>,
    tx: &C,
    touched: &[usize],
    ids: &[i64],
) -> Result<(), DbErr> {
    let mut ledger = ledger::Lines::default();
    let (mut refused, mut parked) = (Vec::new(), Vec::new());
    for &slot in touched {
        if let Some(line) = folds.after(slot).external {
            ledger.external(ids[slot], line);
        }
    }
    let judged = folds.judged;
    let mut outcomes = (0..).zip(&judged.folded.outcomes);
    for &n in &folds.job.entries {
        let entry = &folds.job.batch.entries[n as usize];
        match &entry.content {
            Err(malformed) => refused.push(Row::malformed(folds, entry, malformed)),
            Ok(read) => match outcomes.next().expect("one for each event") {
                (
                    event,
                    &Outcome::Movement {
                        change,
                        stock_after,
                        version,
                    },
                ) => ledger.movement(
                    entry,
                    read,
                    ids[read.event.slot as usize],
                    (change, stock_after, version),
                    judged.flags(event),
                ),
                (event, &Outcome::Refused { refusal, seen }) => {
                    let why = judged.why_refused(event, refusal);
                    let mut row = Row::of(folds, entry, read, why, seen);
                    row.outcome = refusal.outcome();
                    if refusal == Refusal::Duplicate {
                        // The first copy has the bytes.
                        row.value = Vec::new();
                    }
                    refused.push(row);
                }
                (event, &Outcome::Parked { hold, seen }) => {
                    let why = judged.why_parked(event, hold);
                    parked.push(Row::of(folds, entry, read, why, seen));
                }
            },
        }
    }
    ledger.insert(folds, tx).await?;
    insert_rows(folds, tx, REFUSE, refused, true).await?;
    insert_rows(folds, tx, PARK, parked, false).await
}

/// A refusal or a parked event.
struct Row {
    partition: i32,
    offset: i64,
    sku: String,
    /// -1 stands for NULL, in a record that says nothing readable about a SKU.
    kind: i16,
    quantity: i64,
    occurred_ms: i64,
    key: Option<EventKey>,
    outcome: &'static str,
    code: String,
    detail: Option<String>,
    rule: Option<String>,
    seen: Option<Seen>,
    trace: Option<u128>,
    facts: Option<String>,
    value: Vec<u8>,
}

impl Row {
    fn malformed(folds: &Folds<'_>, entry: &Entry, malformed: &Malformed) -> Row {
        Row {
            partition: entry.partition,
            offset: entry.offset,
            sku: String::new(),
            kind: -1,
            quantity: 0,
            occurred_ms: entry.timestamp_ms,
            key: None,
            outcome: "malformed",
            code: malformed.code().to_owned(),
            detail: Some(malformed.detail()),
            rule: None,
            seen: None,
            trace: folds.trace(entry),
            facts: None,
            value: folds.job.batch.value(entry).to_vec(),
        }
    }

    fn of(folds: &Folds<'_>, entry: &Entry, read: &Read, why: Why<'_>, seen: Option<Seen>) -> Row {
        Row {
            partition: entry.partition,
            offset: entry.offset,
            sku: folds.job.batch.skus[read.event.slot as usize].to_string(),
            kind: kind_number(read.event.kind),
            quantity: read.event.kind.quantity(),
            occurred_ms: read.occurred_ms,
            key: read.event.key,
            outcome: "parked",
            code: why.code.to_owned(),
            detail: why.detail,
            rule: why.rule.map(str::to_owned),
            seen,
            trace: folds.trace(entry),
            facts: read.facts.as_ref().map(|facts| facts.pack()),
            value: folds.job.batch.value(entry).to_vec(),
        }
    }
}

fn kind_number(kind: Kind) -> i16 {
    match kind {
        Kind::Adjust(_) => 0,
        Kind::Count(_) => 1,
    }
}

const REFUSE: &str = "
INSERT INTO plimsoll_internal.refused (topic_id, ruleset_revision, partition, record_offset, kind, quantity, occurred_ms, sku,
    event_key, outcome, code, detail, rule, version_seen, stock_seen, floor_seen, trace_id, facts, payload)
SELECT $1, $2, u.partition, u.record_offset, nullif(u.kind, -1), CASE WHEN u.kind >= 0 THEN u.quantity END,
    u.occurred_ms, nullif(u.sku, ''), nullif(u.event_key, '00000000-0000-0000-0000-000000000000'), u.outcome, u.code,
    nullif(u.detail, ''), nullif(u.rule, ''), CASE WHEN u.seen THEN u.version END, CASE WHEN u.seen THEN u.stock END,
    CASE WHEN u.seen THEN u.floor END, nullif(u.trace_id, '00000000-0000-0000-0000-000000000000'),
    nullif(u.facts, '')::jsonb, nullif(u.payload, '')
FROM unnest($3::int[], $4::bigint[], $5::smallint[], $6::bigint[], $7::bigint[], $8::text[], $9::uuid[], $10::text[],
    $11::text[], $12::text[], $13::text[], $14::bool[], $15::bigint[], $16::bigint[], $17::bigint[], $18::uuid[],
    $19::text[], $20::bytea[])
    AS u(partition, record_offset, kind, quantity, occurred_ms, sku, event_key, code, detail, rule, facts, seen, version,
         stock, floor, trace_id, outcome, payload)";

const PARK: &str = "
INSERT INTO plimsoll_internal.parked_events (topic_id, ruleset_revision, partition, record_offset, kind, quantity, occurred_ms,
    sku, event_key, code, detail, rule, version_seen, stock_seen, floor_seen, trace_id, facts, payload)
SELECT $1, $2, u.partition, u.record_offset, u.kind, u.quantity, u.occurred_ms, u.sku,
    nullif(u.event_key, '00000000-0000-0000-0000-000000000000'), u.code,
    nullif(u.detail, ''), nullif(u.rule, ''), CASE WHEN u.seen THEN u.version END, CASE WHEN u.seen THEN u.stock END,
    CASE WHEN u.seen THEN u.floor END, nullif(u.trace_id, '00000000-0000-0000-0000-000000000000'),
    nullif(u.facts, '')::jsonb, nullif(u.payload, '')
FROM unnest($3::int[], $4::bigint[], $5::smallint[], $6::bigint[], $7::bigint[], $8::text[], $9::uuid[], $10::text[],
    $11::text[], $12::text[], $13::text[], $14::bool[], $15::bigint[], $16::bigint[], $17::bigint[], $18::uuid[], $19::bytea[])
    AS u(partition, record_offset, kind, quantity, occurred_ms, sku, event_key, code, detail, rule, facts, seen, version,
         stock, floor, trace_id, payload)";

async fn insert_rows<C: ConnectionTrait>(
    folds: &Folds<'_>,
    tx: &C,
    sql: &str,
    mut rows: Vec<Row>,
    with_outcome: bool,
) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let seen = |row: &Row| {
        row.seen.unwrap_or(Seen {
            stock: 0,
            version: 0,
            floor: 0,
        })
    };
    let mut values: Vec<Value> = vec![
        folds.job.topic_id.into(),
        folds.judged.rules.revision().into(),
        array(rows.iter().map(|row| row.partition)),
        array(rows.iter().map(|row| row.offset)),
        array(rows.iter().map(|row| row.kind)),
        array(rows.iter().map(|row| row.quantity)),
        array(rows.iter().map(|row| row.occurred_ms)),
        array(rows.iter_mut().map(|row| std::mem::take(&mut row.sku))),
        array(rows.iter().map(|row| opt_uuid(row.key.map(|key| key.0)))),
        array(rows.iter_mut().map(|row| std::mem::take(&mut row.code))),
        array(rows.iter_mut().map(|row| opt_text(row.detail.take()))),
        array(rows.iter_mut().map(|row| opt_text(row.rule.take()))),
        array(rows.iter_mut().map(|row| opt_text(row.facts.take()))),
        array(rows.iter().map(|row| row.seen.is_some())),
        array(rows.iter().map(|row| seen(row).version)),
        array(rows.iter().map(|row| seen(row).stock)),
        array(rows.iter().map(|row| seen(row).floor)),
        array(rows.iter().map(|row| opt_uuid(row.trace))),
    ];
    if with_outcome {
        values.push(array(rows.iter().map(|row| row.outcome.to_owned())));
    }
    values.push(array(
        rows.iter_mut().map(|row| std::mem::take(&mut row.value)),
    ));
    execute(tx, sql, values).await?;
    Ok(())
}

/// The nil identity cannot be told from none in an array; nobody else's key can be it.
pub(super) fn key_cell(key: Option<EventKey>) -> Uuid {
    opt_uuid(key.map(|key| key.0))
}
