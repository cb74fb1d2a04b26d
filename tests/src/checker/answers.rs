//! The rows of ledger, refusals and parked that answer one partition's records, in offset order. It does not judge
//! them.

use std::collections::VecDeque;

use sea_orm::sqlx::postgres::PgRow;
use sea_orm::sqlx::{self, Row};
use uuid::Uuid;

use super::snapshot::Snapshot;

/// Which view a row is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Ledger,
    Refusals,
    Parked,
}

/// One row, with the columns that are judged.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) room: Room,
    pub(super) offset: i64,
    pub(super) sku: Option<String>,
    pub(super) event_key: Option<Uuid>,
    /// Ledger: `adjust` or `count`.
    pub(super) kind: Option<String>,
    pub(super) quantity_change: Option<i64>,
    /// The version it made (ledger) or saw.
    pub(super) version: Option<i64>,
    /// The stock it left (ledger) or saw, in units.
    pub(super) stock: Option<i64>,
    pub(super) outcome: Option<String>,
    pub(super) code: Option<String>,
    /// The record's bytes, of malformed ones only.
    pub(super) payload: Option<Vec<u8>>,
}

/// A walk through a partition's rows beside the walk through its log.
pub(super) struct Answers<'s> {
    snapshot: &'s mut Snapshot,
    fetched: VecDeque<Answer>,
    exhausted: bool,
}

impl<'s> Answers<'s> {
    pub(super) async fn open(
        snapshot: &'s mut Snapshot,
        topic: &str,
        partition: i32,
    ) -> anyhow::Result<Self> {
        snapshot
            .declare(
                sqlx::query(include_str!("sql/answers.sql"))
                    .bind(topic)
                    .bind(partition),
            )
            .await?;
        Ok(Self {
            snapshot,
            fetched: VecDeque::new(),
            exhausted: false,
        })
    }

    /// Takes the next row if its offset is at most this.
    pub(super) async fn next_up_to(&mut self, offset: i64) -> anyhow::Result<Option<Answer>> {
        if self.fetched.is_empty() && !self.exhausted {
            let rows = self.snapshot.piece().await?;
            self.exhausted = rows.is_empty();
            self.fetched = rows.iter().map(answer).collect::<anyhow::Result<_>>()?;
        }
        Ok(self.fetched.pop_front_if(|answer| answer.offset <= offset))
    }
}

fn answer(row: &PgRow) -> anyhow::Result<Answer> {
    Ok(Answer {
        room: match row.try_get("room")? {
            "ledger" => Room::Ledger,
            "refusals" => Room::Refusals,
            _ => Room::Parked,
        },
        offset: row.try_get("record_offset")?,
        sku: row.try_get("sku")?,
        event_key: row.try_get("event_key")?,
        kind: row.try_get("kind")?,
        quantity_change: row.try_get("quantity_change")?,
        version: row.try_get("version")?,
        stock: row.try_get("stock")?,
        outcome: row.try_get("outcome")?,
        code: row.try_get("code")?,
        payload: row.try_get("payload")?,
    })
}
