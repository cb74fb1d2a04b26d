//! What happened to the record at one place: its row, or why it has none.

use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::{self, Row, query};

use super::{explained, fate, tell};
use crate::cli::Record;
use crate::config::Telemetry;
use crate::exit::{Failure, Verdict};
use crate::say;

/// Why a record has no row.
enum Absent {
    NeverClaimed,
    NotYet {
        next_offset: i64,
        status: String,
        halt_reason: Option<String>,
    },
    Dropped {
        retained_from: i64,
    },
    GivenUp {
        from: i64,
        to: i64,
        reason: String,
        by: String,
        at: String,
    },
    Invisible,
}

pub(super) async fn run(
    db: &PgPool,
    telemetry: &Telemetry,
    record: &Record,
    json: bool,
) -> Result<Verdict, Failure> {
    let fates = fate::of_record(db, record).await?;
    let absent = if fates.is_empty() {
        Some(why_absent(db, record).await?)
    } else {
        None
    };
    let rows = explained(db, telemetry, fates).await;
    let why = absent.as_ref().map(|absent| absent.sentence(record));
    if json {
        say::json(&serde_json::json!({ "record": record.to_string(), "rows": rows, "why": why }));
        return Ok(Verdict::Done);
    }
    rows.iter().for_each(tell);
    if let Some(why) = why {
        say::line(why);
    }
    Ok(Verdict::Done)
}

const POSITION: &str = "
SELECT next_offset, retained_from, status, halt_reason FROM positions WHERE topic = $1 AND partition = $2";

const GAP: &str = "
SELECT from_offset, to_offset, reason, accepted_by, to_char(recorded_at, 'YYYY-MM-DD HH24:MI:SS TZ')
FROM gaps WHERE topic = $1 AND partition = $2 AND from_offset <= $3 AND to_offset > $3";

async fn why_absent(db: &PgPool, record: &Record) -> Result<Absent, sqlx::Error> {
    let place = &record.partition;
    let Some(row) = query(POSITION)
        .bind(&place.topic)
        .bind(place.partition)
        .fetch_optional(db)
        .await?
    else {
        return Ok(Absent::NeverClaimed);
    };
    let (next_offset, retained_from): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    if record.offset >= next_offset {
        return Ok(Absent::NotYet {
            next_offset,
            status: row.try_get(2)?,
            halt_reason: row.try_get(3)?,
        });
    }
    if let Some(gap) = query(GAP)
        .bind(&place.topic)
        .bind(place.partition)
        .bind(record.offset)
        .fetch_optional(db)
        .await?
    {
        return Ok(Absent::GivenUp {
            from: gap.try_get(0)?,
            to: gap.try_get(1)?,
            reason: gap.try_get(2)?,
            by: gap.try_get(3)?,
            at: gap.try_get(4)?,
        });
    }
    Ok(if record.offset < retained_from {
        Absent::Dropped { retained_from }
    } else {
        Absent::Invisible
    })
}

impl Absent {
    fn sentence(&self, record: &Record) -> String {
        match self {
            Absent::NeverClaimed => {
                format!("{record}: no service ever claimed {}.", record.partition)
            }
            Absent::NotYet {
                next_offset,
                status,
                halt_reason: Some(reason),
            } if status == "halted" => {
                format!(
                    "{record} is not applied yet: {} is halted at offset {next_offset}, because {reason}.",
                    record.partition
                )
            }
            Absent::NotYet {
                next_offset,
                status,
                ..
            } => {
                format!(
                    "{record} is not applied yet: {} is {status} at offset {next_offset}.",
                    record.partition
                )
            }
            Absent::Dropped { retained_from } => {
                format!(
                    "{record} has no row any more, or never had one: rows of {} are kept from offset {retained_from} on.",
                    record.partition
                )
            }
            Absent::GivenUp {
                from,
                to,
                reason,
                by,
                at,
            } => {
                format!(
                    "{record} was given up with offsets {from} to {}: {reason}. Accepted by {by} on {at}.",
                    to - 1
                )
            }
            Absent::Invisible => format!(
                "{record} has no row, and its partition is applied beyond it: nothing was there to apply \
                 (a transaction marker, a record of an aborted transaction, or one that compaction removed)."
            ),
        }
    }
}
