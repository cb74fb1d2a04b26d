//! `plimsoll positions`: what only an operator may do to a position. It moves halted partitions
//! only, and only forward; a running service notices within seconds.

use sea_orm::sqlx::postgres::{PgPool, PgTransaction};
use sea_orm::sqlx::{Row, query};

use super::arguments::Positions;
use super::place::Partition;
use crate::config::Config;
use crate::database;
use crate::exit::{Failure, Verdict};
use crate::reads;
use crate::say::{self, Column};
use crate::who;

/// Longer reasons belong into a ticket.
const REASON_BYTES_MAX: usize = 1_000;

pub(super) async fn run(config: &Config, command: Positions) -> Result<Verdict, Failure> {
    let db = database::open(&config.database, "positions").await?;
    match command {
        Positions::List { json } => list(&db, json).await,
        Positions::Resume { partition } => resume(&db, &partition).await,
        Positions::AcceptGap {
            partition,
            to,
            reason,
            by,
        } => {
            let reason = text("reason", reason)?;
            let by = text("by", by.unwrap_or_else(who::user_at_host))?;
            accept_gap(&db, &partition, &Gap { to, reason, by }).await
        }
    }
}

async fn list(db: &PgPool, json: bool) -> Result<Verdict, Failure> {
    let positions = reads::positions::all(db).await?;
    if json {
        say::json(&serde_json::json!({ "positions": positions }));
        return Ok(Verdict::Done);
    }
    let columns = [
        Column::Left("partition"),
        Column::Right("next offset"),
        Column::Left("status"),
        Column::Left("owner"),
        Column::Left("since"),
        Column::Left("halted because"),
    ];
    let rows = positions.into_iter().map(|position| {
        let place = format!("{}/{}", position.topic, position.partition);
        let offset = position.next_offset.to_string();
        vec![
            place,
            offset,
            position.status,
            position.owner,
            position.updated_at,
            position.halt_reason.unwrap_or_default(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        say::note("No partition was claimed yet.");
    }
    say::table(&columns, &rows);
    Ok(Verdict::Done)
}

async fn resume(db: &PgPool, place: &Partition) -> Result<Verdict, Failure> {
    let mut tx = db.begin().await?;
    let position = Position::lock(&mut tx, place).await?;
    position.must_be_halted(place)?;
    let statement = "UPDATE plimsoll_internal.positions SET status = 'idle', halt_reason = NULL, updated_at = now() WHERE topic_id = $1 AND partition = $2";
    query(statement)
        .bind(position.topic_id)
        .bind(place.partition)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    say::line(format_args!(
        "{place} may go on at offset {}; it was halted: {}",
        position.next_offset,
        position.why()
    ));
    Ok(Verdict::Done)
}

/// What an operator gives up.
struct Gap {
    to: i64,
    reason: String,
    by: String,
}

async fn accept_gap(db: &PgPool, place: &Partition, gap: &Gap) -> Result<Verdict, Failure> {
    let mut tx = db.begin().await?;
    let position = Position::lock(&mut tx, place).await?;
    position.must_be_halted(place)?;
    if gap.to <= position.next_offset {
        let what = format!(
            "{place} stands at offset {}, and {} is not beyond it: positions never go back",
            position.next_offset, gap.to
        );
        return Err(Failure::failed(
            what,
            format!("give --to more than {}", position.next_offset),
        ));
    }
    let insert = "INSERT INTO plimsoll_internal.accepted_gaps (topic_id, partition, from_offset, to_offset, reason, accepted_by) VALUES ($1, $2, $3, $4, $5, $6)";
    let insert = query(insert)
        .bind(position.topic_id)
        .bind(place.partition)
        .bind(position.next_offset)
        .bind(gap.to);
    // A fresh claim shuts out an owner that does not know of the halt.
    let forward = "UPDATE plimsoll_internal.positions SET next_offset = $3, claim = gen_random_uuid(), updated_at = now() WHERE topic_id = $1 AND partition = $2";
    query(forward)
        .bind(position.topic_id)
        .bind(place.partition)
        .bind(gap.to)
        .execute(&mut *tx)
        .await?;
    insert
        .bind(&gap.reason)
        .bind(&gap.by)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    let records = say::plural(gap.to - position.next_offset, "offset");
    say::line(format_args!(
        "{place} gives up {records}, {} to {}, accepted by {}",
        position.next_offset,
        gap.to - 1,
        gap.by
    ));
    say::line(format_args!(
        "It is still halted: `plimsoll positions resume {place}` lets it go on at {}.",
        gap.to
    ));
    Ok(Verdict::Done)
}

/// A position, locked until the transaction ends.
struct Position {
    topic_id: i16,
    next_offset: i64,
    status: String,
    halt_reason: Option<String>,
}

impl Position {
    async fn lock(tx: &mut PgTransaction<'_>, place: &Partition) -> Result<Position, Failure> {
        let statement = "
            SELECT p.topic_id, p.next_offset, p.status, p.halt_reason
            FROM plimsoll_internal.positions p JOIN plimsoll_internal.topics t ON t.id = p.topic_id
            WHERE t.name = $1 AND p.partition = $2 FOR NO KEY UPDATE OF p";
        let row = query(statement)
            .bind(&place.topic)
            .bind(place.partition)
            .fetch_optional(&mut **tx)
            .await?;
        let row = row.ok_or_else(|| {
            Failure::failed(
                format!("{place} was never claimed"),
                "see `plimsoll positions list`",
            )
        })?;
        Ok(Position {
            topic_id: row.try_get(0)?,
            next_offset: row.try_get(1)?,
            status: row.try_get(2)?,
            halt_reason: row.try_get(3)?,
        })
    }

    fn must_be_halted(&self, place: &Partition) -> Result<(), Failure> {
        if self.status == "halted" {
            return Ok(());
        }
        let what = format!(
            "{place} is not halted but {}; there is nothing to clear",
            self.status
        );
        Err(Failure::failed(what, "see `plimsoll positions list`"))
    }

    fn why(&self) -> &str {
        self.halt_reason
            .as_deref()
            .unwrap_or("no reason was stored")
    }
}

/// A text that a column can hold and a person can read.
fn text(flag: &str, text: String) -> Result<String, Failure> {
    if text.trim().is_empty() || text.len() > REASON_BYTES_MAX || text.contains(char::is_control) {
        let what = format!(
            "--{flag} is empty, longer than {REASON_BYTES_MAX} bytes, or holds control characters"
        );
        return Err(Failure::usage(what, "write one line"));
    }
    Ok(text)
}
