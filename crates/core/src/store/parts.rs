//! The numbered parts of the ledger as this process knows them: which is open, and for each
//! that is not, a filter of its identities. Knows nothing of batches.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use plimsoll_domain::EventKey;
use sea_orm::{ConnectionTrait, DbErr};
use uuid::Uuid;

use crate::database::statement;
use crate::filter::Filter;

/// Identities that the filter of the open part is made for.
const OPEN_IDENTITIES: usize = 5_000_000;
/// Identities that all filters of closed parts hold together, in 1.5 bytes each; older parts
/// are looked up.
const FILTERED_IDENTITIES_MAX: u64 = 40_000_000;

/// The parts as last read. A stale list is harmless: a closed part refuses inserts.
pub(crate) struct List {
    /// The open part.
    pub(crate) open: i32,
    /// The oldest part that the id window reaches into.
    pub(crate) lowest: i32,
    /// Identities that this process wrote to the open part.
    written: Filter,
    closed: Vec<Closed>,
}

struct Closed {
    number: i32,
    /// What the filter is valid for: a number alone may be used again after a restore.
    id: Uuid,
    filter: Option<Filter>,
}

impl List {
    /// Whether the ledger may hold the identity already.
    pub(crate) fn may_have(&self, id: i64, key: EventKey) -> bool {
        let closed = |part: &Closed| {
            part.filter
                .as_ref()
                .is_none_or(|filter| filter.may_have(id, key))
        };
        self.written.may_have(id, key) || self.closed.iter().any(closed)
    }

    /// What tells one list from another, also after the database went back and turned again.
    fn names(&self) -> impl Iterator<Item = (i32, Uuid)> {
        let closed = self.closed.iter().map(|part| (part.number, part.id));
        closed.chain([(self.open, Uuid::nil())])
    }

    /// Notes an identity that was written to the open part.
    pub(crate) fn written(&self, id: i64, key: EventKey) {
        self.written.insert(id, key);
    }
}

/// The present list, for all lanes.
pub(crate) struct Parts(Mutex<Arc<List>>);

const LIST: &str = "
SELECT number, closed_at IS NULL, coalesce(closed_id, '00000000-0000-0000-0000-000000000000'::uuid),
    pg_relation_size(format('plimsoll_internal.ledger_%s', number)::regclass), extract(epoch FROM clock_timestamp() - opened_at)::float8
FROM plimsoll_internal.parts
WHERE closed_at IS NULL OR closed_at > clock_timestamp() - $1 * interval '1 millisecond' ORDER BY number";

/// What the keeper needs to know of the open part.
pub(crate) struct Open {
    pub(crate) bytes: u64,
    pub(crate) age: Duration,
}

impl Parts {
    /// The list as the database has it.
    pub(crate) async fn read<C: ConnectionTrait>(db: &C, window: Duration) -> Result<Parts, DbErr> {
        let (list, _) = read_list(db, window, None).await?;
        Ok(Parts(Mutex::new(Arc::new(list))))
    }

    /// The list as last read.
    pub(crate) fn now(&self) -> Arc<List> {
        Arc::clone(&self.0.lock())
    }

    /// Reads the list again, keeping the filters that are still valid.
    pub(crate) async fn refresh<C: ConnectionTrait>(
        &self,
        db: &C,
        window: Duration,
    ) -> Result<Open, DbErr> {
        let before = self.now();
        let (list, open) = read_list(db, window, Some(&before)).await?;
        if list.names().ne(before.names()) {
            *self.0.lock() = Arc::new(list);
        }
        Ok(open)
    }

    /// Closes the open part and opens the next, unless somebody did, and reads the list.
    pub(crate) async fn turn<C: ConnectionTrait>(
        &self,
        db: &C,
        window: Duration,
    ) -> Result<(), DbErr> {
        db.query_one_raw(statement(
            "SELECT plimsoll_internal.turn_part($1)",
            [self.now().open.into()],
        ))
        .await?;
        self.refresh(db, window).await?;
        Ok(())
    }

    /// Builds the filter of the newest closed part that has none. Answers whether there was one.
    pub(crate) async fn build_filter<C: ConnectionTrait>(&self, db: &C) -> Result<bool, DbErr> {
        let list = self.now();
        let Some(part) = list.closed.iter().rev().find(|part| part.filter.is_none()) else {
            return Ok(false);
        };
        let counted = statement(
            &format!(
                "SELECT count(*) FROM plimsoll_internal.ledger_{}",
                part.number
            ),
            [],
        );
        let rows: i64 = db
            .query_one_raw(counted)
            .await?
            .map_or(Ok(0), |row| row.try_get_by_index(0))?;
        let filtered = list
            .closed
            .iter()
            .filter_map(|part| part.filter.as_ref())
            .map(|f| f.identities() as u64)
            .sum::<u64>();
        if filtered + rows.unsigned_abs() > FILTERED_IDENTITIES_MAX {
            return Ok(false);
        }
        let filter = Filter::for_up_to(usize::try_from(rows).unwrap_or(0));
        fill(db, part.number, &filter).await?;
        self.adopt_filter(part.number, part.id, filter);
        Ok(true)
    }

    fn adopt_filter(&self, number: i32, id: Uuid, filter: Filter) {
        let mut now = self.0.lock();
        let closed = now.closed.iter().map(|part| Closed {
            number: part.number,
            id: part.id,
            filter: if (part.number, part.id) == (number, id) {
                Some(filter.share())
            } else {
                part.filter.as_ref().map(Filter::share)
            },
        });
        let list = List {
            open: now.open,
            lowest: now.lowest,
            written: now.written.share(),
            closed: closed.collect(),
        };
        *now = Arc::new(list);
    }
}

/// Rows fetched at a time while a filter is built.
const FILL_ROWS: i64 = 50_000;

async fn fill<C: ConnectionTrait>(db: &C, number: i32, filter: &Filter) -> Result<(), DbErr> {
    let sql = format!(
        "SELECT product_id, event_key FROM plimsoll_internal.ledger_{number}
         WHERE event_key IS NOT NULL AND (product_id, event_key) > ($1, $2) ORDER BY product_id, event_key LIMIT $3"
    );
    let mut last = (i64::MIN, Uuid::nil());
    loop {
        let rows = db
            .query_all_raw(statement(
                &sql,
                [last.0.into(), last.1.into(), FILL_ROWS.into()],
            ))
            .await?;
        for row in &rows {
            last = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
            filter.insert(last.0, EventKey(last.1.as_u128()));
        }
        if rows.len() < usize::try_from(FILL_ROWS).expect("a small constant") {
            return Ok(());
        }
    }
}

async fn read_list<C: ConnectionTrait>(
    db: &C,
    window: Duration,
    before: Option<&List>,
) -> Result<(List, Open), DbErr> {
    let window_ms = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let rows = db
        .query_all_raw(statement(LIST, [window_ms.into()]))
        .await?;
    let mut closed = Vec::new();
    let mut open = None;
    for row in &rows {
        let number: i32 = row.try_get_by_index(0)?;
        if row.try_get_by_index(1)? {
            let bytes: i64 = row.try_get_by_index(3)?;
            let age = Duration::try_from_secs_f64(row.try_get_by_index(4)?).unwrap_or_default();
            open = Some((
                number,
                Open {
                    bytes: bytes.unsigned_abs(),
                    age,
                },
            ));
        } else {
            let id: Uuid = row.try_get_by_index(2)?;
            let known = before.and_then(|list| {
                list.closed
                    .iter()
                    .find(|part| (part.number, part.id) == (number, id))
            });
            closed.push(Closed {
                number,
                id,
                filter: known.and_then(|part| part.filter.as_ref().map(Filter::share)),
            });
        }
    }
    let (open, facts) =
        open.ok_or_else(|| DbErr::Custom("no part of the ledger is open".to_owned()))?;
    let written = match before {
        Some(list) if list.open == open => list.written.share(),
        _ => Filter::for_up_to(OPEN_IDENTITIES),
    };
    let lowest = closed.first().map_or(open, |part| part.number);
    Ok((
        List {
            open,
            lowest,
            written,
            closed,
        },
        facts,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(closed: u128) -> List {
        List {
            open: 2,
            lowest: 1,
            written: Filter::for_up_to(1),
            closed: vec![Closed {
                number: 1,
                id: Uuid::from_u128(closed),
                filter: None,
            }],
        }
    }

    impl Parts {
        /// Of a database that nobody asked.
        pub(crate) fn unread() -> Parts {
            Parts(Mutex::new(Arc::new(list(7))))
        }
    }

    #[test]
    fn a_part_that_was_closed_again_after_the_database_went_back_is_another() {
        assert!(list(7).names().eq(list(7).names()));
        assert!(list(7).names().ne(list(8).names()));
    }
}
