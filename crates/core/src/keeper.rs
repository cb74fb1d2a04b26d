//! What has to be done now and then, away from the lanes: turning the ledger's parts,
//! building their filters, retention, releasing events whose product came to exist, and the
//! gauges that need a query. Each step stands alone: a failure is said, the others have their
//! turn, and the next round comes.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use tokio::time::MissedTickBehavior;

use crate::Settings;
use crate::complaint::Complaint;
use crate::database::{Session, statement};
use crate::release::Came;
use crate::store::{Store, is_lost, told};

/// Between two rounds.
const ROUND: Duration = Duration::from_secs(1);
/// Gauges that count a table are read this often,
const COUNT_PACE: Duration = Duration::from_secs(10);
/// or so seldom that counting takes this share of the time: a million products take 0.2 s.
const COUNT_SHARE: u32 = 100;

/// An open part is closed at the latest when it is this share of the id window old, so that
/// old identities leave it in time.
const PART_AGE_SHARE: u32 = 4;
/// A part that could not be dropped is tried again after this: each try makes look-ups wait for
/// up to 0.1 s, and a backup may read the ledger for hours.
const DROP_AGAIN: Duration = Duration::from_secs(30);

/// A background worker; one a process, and beside other replicas' without harm.
pub(crate) struct Keeper {
    store: Arc<Store>,
    part_bytes_max: u64,
    keep: Option<Duration>,
    session: Option<Session>,
    came: Came,
    next_drop: Instant,
    next_count: Instant,
    complaints: Complaints,
}

/// About each step, and about the connection.
#[derive(Default)]
struct Complaints {
    connection: Complaint,
    turn: Complaint,
    filter: Complaint,
    release: Complaint,
    show: Complaint,
}

impl Keeper {
    pub(crate) fn new(settings: &Settings, store: Arc<Store>) -> Keeper {
        Keeper {
            store,
            part_bytes_max: settings.part_bytes_max,
            keep: settings.keep,
            session: None,
            came: Came::default(),
            next_drop: Instant::now(),
            next_count: Instant::now(),
            complaints: Complaints::default(),
        }
    }

    /// Works until it is aborted. Whatever it is doing then is a transaction that rolls back.
    pub(crate) async fn run(mut self) {
        let mut round = tokio::time::interval(ROUND);
        round.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            round.tick().await;
            let lost = self.round().await.err().map(|err| told(&err));
            let what = "housekeeping has lost its connection and tries again";
            self.complaints.connection.hear(what, lost);
        }
    }

    /// An error says that there is no connection.
    async fn round(&mut self) -> Result<(), DbErr> {
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&self.store.database, &self.store.instance).await?,
        };
        let done = self.steps(session.db()).await;
        match done {
            Ok(()) => self.session = Some(session),
            Err(_) => session.discard(),
        }
        done
    }

    /// Each on its own, as long as there is a connection. An error says that it is lost.
    async fn steps(&mut self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let turned = self.turn(db).await;
        let said = &mut self.complaints;
        hear(&mut said.turn, "the ledger cannot be turned", turned)?;
        let built = self.store.parts.build_filter(db).await;
        hear(&mut said.filter, "no filter can be built", built)?;
        self.drop_oldest_part(db).await?;
        let looked = self.came.look(&self.store, db).await;
        let said = &mut self.complaints;
        hear(&mut said.release, "nobody looks for new products", looked)?;
        let shown = self.show(db).await;
        let said = &mut self.complaints.show;
        hear(said, "gauges are not up to date", shown)
    }

    async fn turn(&self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let open = self.store.parts.refresh(db, self.store.id_window).await?;
        let old = open.age > self.store.id_window / PART_AGE_SHARE && open.bytes > 0;
        if open.bytes > self.part_bytes_max || old {
            tracing::info!(bytes = open.bytes, "the open part of the ledger is turned");
            self.store.parts.turn(db, self.store.id_window).await?;
        }
        Ok(())
    }

    /// Drops the oldest part, if it need not be kept; says itself what holds it up.
    async fn drop_oldest_part(&mut self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let Some(keep) = self.keep else {
            return Ok(());
        };
        if Instant::now() < self.next_drop {
            return Ok(());
        }
        match drop_oldest_part(db, keep, self.store.id_window).await {
            Ok(None) => {}
            Ok(Some(part)) => tracing::info!(
                part,
                "the oldest part of the ledger was dropped; its products' openings moved forward"
            ),
            Err(err) if is_lost(&err) => return Err(err),
            Err(err) => {
                self.next_drop = Instant::now() + DROP_AGAIN;
                let readers = readers(db).await.unwrap_or_default();
                let why = told(&err);
                tracing::warn!(
                    why,
                    readers,
                    "the oldest part of the ledger is not dropped for now: {why}; read by {readers}"
                );
            }
        }
        Ok(())
    }

    /// Shows the gauges that count a table, when it is time.
    async fn show(&mut self, db: &DatabaseConnection) -> Result<(), DbErr> {
        let started = Instant::now();
        if started >= self.next_count {
            show(&self.store, db).await?;
            self.next_count = started + COUNT_PACE.max(started.elapsed() * COUNT_SHARE);
        }
        Ok(())
    }
}

/// Says a failure, unless the connection is lost, which is the caller's.
fn hear<T>(said: &mut Complaint, what: &str, tried: Result<T, DbErr>) -> Result<(), DbErr> {
    match tried {
        Err(err) if is_lost(&err) => return Err(err),
        Err(err) => said.hear(what, Some(told(&err))),
        Ok(_) => said.hear(what, None),
    }
    Ok(())
}

const DROP: &str = "
SELECT plimsoll_internal.drop_oldest_part($1 * interval '1 second', $2 * interval '1 second')";

/// Answers which part was dropped.
async fn drop_oldest_part(
    db: &DatabaseConnection,
    keep: Duration,
    window: Duration,
) -> Result<Option<i32>, DbErr> {
    let seconds = |it: Duration| sea_orm::Value::from(it.as_secs_f64());
    let values = [seconds(keep), seconds(window)];
    let row = db.query_one_raw(statement(DROP, values)).await?;
    row.map_or(Ok(None), |row| row.try_get_by_index(0))
}

/// Others that have the ledger or its oldest part open by now, lanes included.
const READERS: &str = "
SELECT coalesce(string_agg(DISTINCT format('%s (pid %s)', coalesce(nullif(a.application_name, ''), a.usename), a.pid), ', '), 'nobody any more')
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.relation IN ('plimsoll_internal.lines'::regclass,
    (SELECT format('plimsoll_internal.ledger_%s', min(number))::regclass FROM plimsoll_internal.parts))
  AND l.granted AND l.pid <> pg_backend_pid()";

async fn readers(db: &DatabaseConnection) -> Result<String, DbErr> {
    let row = db.query_one_raw(statement(READERS, [])).await?;
    row.map_or_else(|| Ok(String::new()), |row| row.try_get_by_index(0))
}

const GAUGES: &str = "
SELECT (SELECT count(*) FROM plimsoll_internal.parked_events),
    (SELECT count(*) FROM (SELECT DISTINCT sku FROM plimsoll_internal.parked_events) s),
    (SELECT count(*) FROM products
     WHERE (current_stock, version) IS DISTINCT FROM (ledger_stock, ledger_version)
       AND ledger_version IS NOT NULL),
    (SELECT coalesce(extract(epoch FROM now() - min(parked_at)), 0)::float8 FROM plimsoll_internal.parked_events)";

async fn show(store: &Store, db: &DatabaseConnection) -> Result<(), DbErr> {
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
