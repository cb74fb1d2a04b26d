//! Ledger lines, inserted into the part that was open when the batch was folded: its unique
//! index is the question whether an identity is new, and a closed part refuses.

use plimsoll_domain::{EventKey, Kind, Line};
use sea_orm::{ConnectionTrait, DbErr, Value};

use super::super::Folds;
use super::{key_cell, kind_number};
use crate::batch::{Entry, Read};
use crate::database::execute;
use crate::store::columns::{array, opt_text, opt_uuid};

/// The lines of one attempt. Nearly all are plain, and half of the columns are spared there.
#[derive(Default)]
pub(super) struct Lines {
    plain: Vec<Movement>,
    full: Vec<(Movement, Beside)>,
    external: Vec<(i64, Line)>,
}

struct Movement {
    id: i64,
    key: Option<EventKey>,
    version: i64,
    change: i64,
    stock_after: i64,
    offset: i64,
    occurred_ms: i64,
    partition: i32,
}

/// What only some lines have.
struct Beside {
    kind: i16,
    /// What was asked for; 0 unless the rules let only a part of it pass.
    requested: i64,
    trace: Option<u128>,
    /// Codes, which are plain words, with commas between them.
    flags: String,
    facts: Option<String>,
}

impl Lines {
    /// A line without a record.
    pub(super) fn external(&mut self, id: i64, line: Line) {
        self.external.push((id, line));
    }

    /// The line of a record.
    pub(super) fn movement<'f>(
        &mut self,
        entry: &Entry,
        read: &Read,
        id: i64,
        (change, stock_after, version): (i64, i64, i64),
        flags: impl Iterator<Item = &'f str>,
    ) {
        let flags = flags.collect::<Vec<_>>().join(",");
        let requested = match read.event.kind {
            Kind::Adjust(units) if units != change => units,
            Kind::Adjust(_) | Kind::Count(_) => 0,
        };
        let movement = Movement {
            id,
            key: read.event.key,
            version,
            change,
            stock_after,
            offset: entry.offset,
            occurred_ms: read.occurred_ms,
            partition: entry.partition,
        };
        match (read.event.kind, entry.trace, &read.facts) {
            (Kind::Adjust(_), None, None) if flags.is_empty() && requested == 0 => {
                self.plain.push(movement);
            }
            (kind, trace, facts) => {
                let beside = Beside {
                    kind: kind_number(kind),
                    requested,
                    trace,
                    flags,
                    facts: facts.as_ref().map(|facts| facts.pack()),
                };
                self.full.push((movement, beside));
            }
        }
    }

    /// Writes them in the order of the index.
    pub(super) async fn insert<C: ConnectionTrait>(
        mut self,
        folds: &Folds<'_>,
        tx: &C,
    ) -> Result<(), DbErr> {
        let part = format!("INSERT INTO plimsoll_internal.ledger_{} ", folds.parts.open);
        if !self.plain.is_empty() {
            self.plain.sort_unstable_by_key(|line| (line.id, line.key));
            let values = columns(folds, self.plain.iter());
            execute(tx, &[&part, PLAIN].concat(), values).await?;
        }
        if !self.full.is_empty() {
            self.full
                .sort_unstable_by_key(|(line, _)| (line.id, line.key));
            let mut values = columns(folds, self.full.iter().map(|(line, _)| line));
            values.push(array(self.full.iter().map(|(_, beside)| beside.kind)));
            values.push(array(
                self.full.iter().map(|(_, beside)| opt_uuid(beside.trace)),
            ));
            values.push(array(
                self.full
                    .iter_mut()
                    .map(|(_, beside)| opt_text(beside.facts.take())),
            ));
            values.push(array(self.full.iter().map(|(_, beside)| beside.requested)));
            let flags = self.full.iter_mut();
            values.push(array(
                flags.map(|(_, beside)| std::mem::take(&mut beside.flags)),
            ));
            execute(tx, &[&part, FULL].concat(), values).await?;
        }
        if !self.external.is_empty() {
            let values = [
                folds.judged.rules.revision().into(),
                array(self.external.iter().map(|(id, _)| *id)),
                array(self.external.iter().map(|(_, line)| line.version)),
                array(self.external.iter().map(|(_, line)| line.change)),
                array(self.external.iter().map(|(_, line)| line.stock)),
            ];
            execute(tx, &[&part, EXTERNAL].concat(), values).await?;
        }
        Ok(())
    }
}

const PLAIN: &str = "(kind, topic_id, ruleset_revision, product_id, event_key, version, quantity_change, stock_after,
    record_offset, occurred_ms, partition)
SELECT 0, $1, $2, u.id, nullif(u.key, '00000000-0000-0000-0000-000000000000'), u.version, u.change, u.stock,
    u.record_offset, u.occurred_ms, u.partition
FROM unnest($3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::int[])
    AS u(id, key, version, change, stock, record_offset, occurred_ms, partition)";

const FULL: &str = "(topic_id, ruleset_revision, product_id, event_key, version, quantity_change, stock_after,
    record_offset, occurred_ms, partition, kind, trace_id, facts, requested, flags)
SELECT $1, $2, u.id, nullif(u.key, '00000000-0000-0000-0000-000000000000'), u.version, u.change, u.stock,
    u.record_offset, u.occurred_ms, u.partition, u.kind,
    nullif(u.trace, '00000000-0000-0000-0000-000000000000'), nullif(u.facts, '')::jsonb,
    nullif(u.requested, 0), string_to_array(nullif(u.flags, ''), ',')
FROM unnest($3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::int[],
    $11::smallint[], $12::uuid[], $13::text[], $14::bigint[], $15::text[])
    AS u(id, key, version, change, stock, record_offset, occurred_ms, partition, kind, trace, facts, requested, flags)";

const EXTERNAL: &str = "(kind, ruleset_revision, product_id, version, quantity_change, stock_after)
SELECT 2, $1, u.* FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) AS u";

fn columns<'a>(folds: &Folds<'_>, lines: impl Iterator<Item = &'a Movement> + Clone) -> Vec<Value> {
    vec![
        folds.job.topic_id.into(),
        folds.judged.rules.revision().into(),
        array(lines.clone().map(|line| line.id)),
        array(lines.clone().map(|line| key_cell(line.key))),
        array(lines.clone().map(|line| line.version)),
        array(lines.clone().map(|line| line.change)),
        array(lines.clone().map(|line| line.stock_after)),
        array(lines.clone().map(|line| line.offset)),
        array(lines.clone().map(|line| line.occurred_ms)),
        array(lines.map(|line| line.partition)),
    ]
}
