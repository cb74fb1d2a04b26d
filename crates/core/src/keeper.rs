//! What has to be done now and then, away from the lanes: turning the ledger's parts,
//! building their filters, retention, releasing events whose product came to exist, and the
//! gauges that need a query. Each round stands alone: a failure is logged and the next round
//! comes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DbErr};

use crate::Settings;
use crate::database::{Session, statement};
use crate::release;
use crate::store::Store;

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(1);
/// Gauges that count a table are read this often,
const COUNT_PACE: Duration = Duration::from_secs(10);
/// or so seldom that counting takes this share of the time: a million products take 0.2 s.
const COUNT_SHARE: u32 = 100;

/// An open part is closed at the latest when it is this share of the id window old, so that
/// old identities leave it in time.
const PART_AGE_SHARE: u32 = 4;

/// A background worker; one a process, and beside other replicas' without harm.
pub(crate) struct Keeper {
    store: Arc<Store>,
    part_bytes_max: u64,
    keep: Option<Duration>,
    session: Option<Session>,
    next_count: Instant,
}

impl Keeper {
    pub(crate) fn new(settings: &Settings, store: Arc<Store>) -> Keeper {
        Keeper {
            store,
            part_bytes_max: settings.part_bytes_max,
            keep: settings.keep,
            session: None,
            next_count: Instant::now(),
        }
    }

    /// Works until it is aborted. Whatever it is doing then is a transaction that rolls back.
    pub(crate) async fn run(mut self) {
        let mut round = tokio::time::interval(ROUND);
        loop {
            round.tick().await;
            if let Err(err) = self.round().await {
                tracing::warn!(%err, "housekeeping failed and is tried again: {err}");
                if let Some(session) = self.session.take() {
                    session.discard();
                }
            }
        }
    }

    async fn round(&mut self) -> Result<(), DbErr> {
        let store = Arc::clone(&self.store);
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&store.database, &store.instance).await?,
        };
        let db = session.db();
        self.turn(db).await?;
        store.parts.build_filter(db).await?;
        if let Some(keep) = self.keep {
            drop_oldest_part(db, keep, store.id_window).await?;
        }
        release_products_that_came(&store, db).await?;
        let started = Instant::now();
        if started >= self.next_count {
            show(&store, db).await?;
            self.next_count = started + COUNT_PACE.max(started.elapsed() * COUNT_SHARE);
        }
        self.session = Some(session);
        Ok(())
    }

    async fn turn<C: ConnectionTrait>(&self, db: &C) -> Result<(), DbErr> {
        let open = self.store.parts.refresh(db, self.store.id_window).await?;
        let old = open.age > self.store.id_window / PART_AGE_SHARE && open.bytes > 0;
        if open.bytes > self.part_bytes_max || old {
            tracing::info!(bytes = open.bytes, "the open part of the ledger is turned");
            self.store.parts.turn(db, self.store.id_window).await?;
        }
        Ok(())
    }
}

async fn drop_oldest_part<C: ConnectionTrait>(
    db: &C,
    keep: Duration,
    window: Duration,
) -> Result<(), DbErr> {
    let sql = "SELECT plimsoll_internal.drop_oldest_part($1 * interval '1 second', $2 * interval '1 second')";
    let seconds = |d: Duration| sea_orm::Value::from(d.as_secs_f64());
    let row = db
        .query_one_raw(statement(sql, [seconds(keep), seconds(window)]))
        .await?;
    if let Some(part) = row.map_or(Ok(None), |row| row.try_get_by_index::<Option<i32>>(0))? {
        tracing::info!(
            part,
            "the oldest part of the ledger was dropped; its products' openings moved forward"
        );
    }
    Ok(())
}

/// SKUs whose events wait for a product that is there by now, met by a lane meanwhile or not.
const CAME: &str = "
SELECT e.sku FROM plimsoll_internal.parked_events e JOIN products p ON p.sku = e.sku
WHERE e.code = 'unknown_sku' LIMIT 100";

async fn release_products_that_came<C: ConnectionTrait>(
    store: &Arc<Store>,
    db: &C,
) -> Result<(), DbErr> {
    for row in db.query_all_raw(statement(CAME, [])).await? {
        let sku: String = row.try_get_by_index(0)?;
        let released = release::release_sku(store, &sku, release::By::Rules).await?;
        tracing::info!(
            sku,
            ?released,
            "a product came to exist; its parked events are released"
        );
    }
    Ok(())
}

const GAUGES: &str = "
SELECT (SELECT count(*) FROM plimsoll_internal.parked_events),
    (SELECT count(*) FROM (SELECT DISTINCT sku FROM plimsoll_internal.parked_events) s),
    (SELECT count(*) FROM products
     WHERE (current_stock, version) IS DISTINCT FROM (ledger_stock, ledger_version)
       AND ledger_version IS NOT NULL),
    (SELECT coalesce(extract(epoch FROM now() - min(parked_at)), 0)::float8 FROM plimsoll_internal.parked_events)";

async fn show<C: ConnectionTrait>(store: &Store, db: &C) -> Result<(), DbErr> {
    if let Some(row) = db.query_one_raw(statement(GAUGES, [])).await? {
        let count = |n| Ok::<_, DbErr>(row.try_get_by_index::<i64>(n)?.unsigned_abs());
        let oldest_s: f64 = row.try_get_by_index(3)?;
        let oldest = Duration::from_secs_f64(oldest_s.max(0.0));
        store.metrics.parked(count(0)?, oldest);
        store.metrics.held_skus(count(1)?);
        store.metrics.drift_skus(count(2)?);
    }
    Ok(())
}
