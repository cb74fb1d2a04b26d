//! Proves the ledger again while it grows, a few SKUs at a time and round again: a break is told
//! before somebody runs `plimsoll verify`, which looks at more and uses the same statement. Changes
//! nothing and stops nothing, and does not know who broke what.

use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_telemetry::Metrics;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use tokio::time::sleep;

use crate::complaint::Complaint;
use crate::database::{Session, statement};
use crate::store::{Store, told};

/// Finds where a ledger does not continue itself or is not its product's: place, what is wrong
/// there, and whether it is only that somebody changed the product past Plimsoll. `$1` is how many
/// SKUs to name, `$2` and `$3` the first and last id of the products to look at.
pub const CHAIN: &str = include_str!("reproof/chain.sql");

/// The next products, and how many lines each has.
const NEXT: &str = "
SELECT p.id::bigint, greatest(coalesce(p.ledger_version - o.version, 0), 0)::bigint
FROM products p LEFT JOIN plimsoll_internal.openings o ON o.product_id = p.id
WHERE p.id >= $1 ORDER BY p.id LIMIT $2";

/// A slice has so many SKUs at most. Fewer: a walk round all of them takes longer.
const SKUS_MAX: usize = 500;
/// And so many lines, but for a SKU that alone has more: about 0.1 s of the server.
const LINES_MAX: i64 = 20_000;
/// Between two slices,
const PACE: Duration = Duration::from_secs(5);
/// or so seldom that proving takes this share of the time.
const SHARE: u32 = 100;
/// The session's own rules: it cannot write, and a SKU with too many lines to be proved within the
/// limit is left to `plimsoll verify`.
const RULES: &str = "SET default_transaction_read_only = on; SET statement_timeout = '10s'";

/// A walk round all SKUs, from slice to slice.
#[derive(Debug)]
pub struct Reproof {
    /// The first id of the next slice.
    next: i64,
    /// Broken SKUs of this walk so far, and of the one before.
    broken: [u64; 2],
    /// What was logged last, so that it is logged once.
    told: String,
}

/// The products of these ids.
#[derive(Debug, PartialEq, Eq)]
struct Slice {
    first: i64,
    last: i64,
    skus: usize,
}

impl Default for Reproof {
    fn default() -> Reproof {
        Reproof {
            next: i64::MIN,
            broken: [0; 2],
            told: String::new(),
        }
    }
}

impl Reproof {
    /// Proves the next slice, counts it, and logs the first SKU that is broken. Whether the walk
    /// came to its end. A slice that fails is left to the next walk.
    ///
    /// # Errors
    /// If the database fails, or does not answer in time.
    pub async fn prove(
        &mut self,
        db: &DatabaseConnection,
        metrics: &Metrics,
    ) -> Result<bool, DbErr> {
        let slice = slice(db, self.next).await?;
        let ends = slice.last == i64::MAX;
        self.next = if ends { i64::MIN } else { slice.last + 1 };
        let mut broken = breaks(db, &slice).await?;
        if !broken.is_empty() {
            // A part that is added between plan and snapshot is in the one only: what is broken
            // is broken twice.
            broken = breaks(db, &slice).await?;
        }
        self.broken[0] += broken.len() as u64;
        metrics.reproved(slice.skus as u64);
        metrics.broken_skus(self.broken[0].max(self.broken[1]));
        self.tell(broken.first());
        if ends {
            self.broken = [0, self.broken[0]];
            if self.broken == [0, 0] {
                self.told.clear();
            }
        }
        Ok(ends)
    }

    fn tell(&mut self, first: Option<&Broken>) {
        let Some(Broken { place, what }) = first else {
            return;
        };
        let said = format!("{place}: {what}");
        if said != self.told {
            tracing::error!(
                sku = place,
                "the ledger is broken at {said}; `plimsoll verify` tells all"
            );
            self.told = said;
        }
    }
}

/// A SKU whose ledger does not hold, as `plimsoll verify` names it.
struct Broken {
    place: String,
    what: String,
}

async fn slice(db: &DatabaseConnection, first: i64) -> Result<Slice, DbErr> {
    let most = i64::try_from(SKUS_MAX).expect("it is small");
    let values = [first.into(), most.into()];
    let rows = db.query_all_raw(statement(NEXT, values)).await?;
    let products = rows
        .iter()
        .map(|row| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?)));
    Ok(cut(first, &products.collect::<Result<Vec<_>, DbErr>>()?))
}

/// As many of the next products, given by their ids and numbers of lines, as a slice takes.
fn cut(first: i64, products: &[(i64, i64)]) -> Slice {
    let mut lines = 0_i64;
    let fit = products.iter().take_while(|(_, of_one)| {
        lines = lines.saturating_add(*of_one);
        lines <= LINES_MAX
    });
    let skus = fit.count().max(1).min(products.len());
    let all = skus == products.len() && skus < SKUS_MAX;
    let last = if all { i64::MAX } else { products[skus - 1].0 };
    Slice { first, last, skus }
}

/// What is broken in a slice; that a product was changed past us is not, and counted elsewhere.
async fn breaks(db: &DatabaseConnection, slice: &Slice) -> Result<Vec<Broken>, DbErr> {
    let values = [i64::MAX, slice.first, slice.last].map(sea_orm::Value::from);
    let mut broken = Vec::new();
    for row in db.query_all_raw(statement(CHAIN, values)).await? {
        if !row.try_get_by_index::<bool>(2)? {
            broken.push(Broken {
                place: row.try_get_by_index(0)?,
                what: row.try_get_by_index(1)?,
            });
        }
    }
    Ok(broken)
}

/// Walks until it is aborted.
pub(crate) async fn walk(store: Arc<Store>) {
    let (mut reproof, mut session) = (Reproof::default(), None);
    let mut complaint = Complaint::default();
    loop {
        let started = Instant::now();
        let proved = next(&store, &mut session, &mut reproof).await;
        let why = proved.err().map(|err| told(&err));
        complaint.hear("the ledger cannot be proved again just now", why);
        sleep(PACE.max(started.elapsed() * SHARE)).await;
    }
}

/// One slice, on a session of its own that lasts as long as nothing fails.
async fn next(
    store: &Store,
    session: &mut Option<Session>,
    reproof: &mut Reproof,
) -> Result<bool, DbErr> {
    let used = match session.take() {
        Some(used) => used,
        None => {
            let new = Session::open(&store.database, &store.instance).await?;
            new.db().execute_unprepared(RULES).await?;
            new
        }
    };
    let proved = reproof.prove(used.db(), &store.metrics).await;
    match proved {
        Ok(_) => *session = Some(used),
        Err(_) => used.discard(),
    }
    proved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut_after(products: &[(i64, i64)]) -> (i64, usize) {
        let slice = cut(1, products);
        (slice.last, slice.skus)
    }

    #[test]
    fn a_slice_has_as_many_skus_as_their_lines_allow_and_never_none() {
        assert_eq!(cut_after(&[]), (i64::MAX, 0));
        assert_eq!(cut_after(&[(3, 0), (7, LINES_MAX)]), (i64::MAX, 2));
        assert_eq!(cut_after(&[(3, 1), (7, LINES_MAX), (8, 1)]), (3, 1));
        assert_eq!(cut_after(&[(3, i64::MAX), (7, i64::MAX)]), (3, 1));
        assert_eq!(cut_after(&[(3, i64::MAX)]), (i64::MAX, 1));
    }

    #[test]
    fn a_walk_ends_only_where_no_more_skus_came_than_were_asked_for() {
        let full: Vec<(i64, i64)> = (1..=500).map(|id| (id, 1)).collect();
        assert_eq!(full.len(), SKUS_MAX);
        assert_eq!(cut_after(&full), (500, 500));
        assert_eq!(cut_after(&full[1..]), (i64::MAX, 499));
    }
}
