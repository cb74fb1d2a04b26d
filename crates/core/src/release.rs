//! Letting parked events go: replayed in order through the same decisions, or refused by an
//! operator. Safe beside running services, because the product row decides.

mod came;
mod replay;

use std::sync::Arc;
use std::time::Duration;

use plimsoll_domain::Policy;
use plimsoll_telemetry::traces::spans::Source;
use plimsoll_telemetry::{Metrics, Traces};
use sea_orm::{ConnectionTrait, DbErr};

use crate::Watch;
use crate::database::{self, Session, execute, statement};
use crate::rules::{self, Rules};
use crate::store::{Fault, Parts, Store, classify};

pub(crate) use came::Came;

/// Which SKUs: those whose first parked event matches all that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// This SKU only.
    pub sku: Option<String>,
    /// Parked for this code.
    pub code: Option<String>,
    /// Parked by this rule.
    pub rule: Option<String>,
}

/// Who decides about the events that are released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The rules of today, as they decide about any other event.
    Rules,
    /// A person about the first event of each SKU, if a rule parked that: no rule is asked about
    /// it again, and its row has revision 0. The rules decide about those behind it.
    Person,
}

/// What a release did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// SKUs looked at.
    pub skus: u64,
    /// Events that left: they have a ledger line or a refusal now.
    pub events: u64,
    /// Events of these SKUs that still wait.
    pub remaining: u64,
}

const SKUS: &str = "
SELECT f.sku FROM (SELECT DISTINCT ON (sku) sku, code, rule FROM plimsoll_internal.parked_events ORDER BY sku, number) f
WHERE ($1 = '' OR f.sku = $1) AND ($2 = '' OR f.code = $2) AND ($3 = '' OR f.rule = $3) ORDER BY f.sku";

/// Replays the parked events of every SKU that matches, SKU by SKU, at most a few hundred in a
/// transaction. `progress` hears after each SKU. Safe to repeat.
pub async fn release(
    database: &database::Settings,
    policy: &Policy,
    id_window: Duration,
    rules: &rules::Settings,
    filter: &Filter,
    by: By,
    progress: &mut (dyn FnMut(Released) + Send),
) -> Result<Released, DbErr> {
    let session = Session::open(database, "release").await?;
    let store = Arc::new(store(database, policy, id_window, rules, &session).await?);
    let mut total = Released::default();
    for sku in skus(session.db(), filter).await? {
        let one = release_sku(&store, &sku, by).await?;
        total.skus += 1;
        total.events += one.events;
        total.remaining += one.remaining;
        progress(total);
    }
    session.discard();
    Ok(total)
}

/// A store without a topic.
pub(crate) async fn store(
    database: &database::Settings,
    policy: &Policy,
    id_window: Duration,
    rules: &rules::Settings,
    session: &Session,
) -> Result<Store, DbErr> {
    let metrics = Arc::new(Metrics::new());
    let rules = Rules::new(rules, database, "release", &metrics).map_err(not_ready)?;
    rules.start().await.map_err(not_ready)?;
    Ok(Store {
        database: database.clone(),
        instance: "release".to_owned(),
        topic_id: 0,
        policy: Policy {
            limits: crate::run::limits(session.db()).await?,
            ..*policy
        },
        id_window,
        knowledge: crate::knowledge::Knowledge::default(),
        parts: Parts::read(session.db(), id_window).await?,
        metrics,
        traces: Arc::new(Traces::off()),
        source: Source::default(),
        server: database.server(),
        rules,
        watch: Arc::new(Watch::default()),
    })
}

fn not_ready(err: rules::Error) -> DbErr {
    DbErr::Custom(format!("the rules are not ready: {}", err.reason()))
}

async fn skus<C: ConnectionTrait>(db: &C, filter: &Filter) -> Result<Vec<String>, DbErr> {
    let text = |part: &Option<String>| sea_orm::Value::from(part.clone().unwrap_or_default());
    let rows = db
        .query_all_raw(statement(
            SKUS,
            [text(&filter.sku), text(&filter.code), text(&filter.rule)],
        ))
        .await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

/// Replays the parked events of one SKU until one must wait again or none is left.
async fn release_sku(store: &Arc<Store>, sku: &str, mut by: By) -> Result<Released, DbErr> {
    let mut total = Released {
        skus: 1,
        ..Released::default()
    };
    loop {
        // In a task of its own, so that nobody can cancel it inside its transaction.
        let (shared, name) = (Arc::clone(store), sku.to_owned());
        let step = tokio::spawn(async move { replay::step(&shared, &name, by).await });
        let step = match step
            .await
            .expect("a panic in a transaction stops the process")
        {
            Ok(step) => step,
            Err(err) => {
                turn(store, &err).await?;
                continue;
            }
        };
        by = By::Rules;
        total.events += step.events;
        total.remaining = step.remaining;
        if step.events == 0 || step.remaining == 0 {
            return Ok(total);
        }
    }
}

/// A release does not look identities up again, so the open part may object to one whose window
/// is over, and a new part forgets it. Any other error is the caller's.
async fn turn(store: &Store, err: &DbErr) -> Result<(), DbErr> {
    let session = Session::open(&store.database, &store.instance).await?;
    match classify(err) {
        Fault::Duplicates => store.parts.turn(session.db(), store.id_window).await?,
        Fault::Turned => {
            store.parts.refresh(session.db(), store.id_window).await?;
        }
        Fault::Transient(_) | Fault::Refused(_) => return Err(err.clone()),
    }
    session.discard();
    Ok(())
}

const REFUSE: &str = "
INSERT INTO plimsoll_internal.refused (topic_id, ruleset_revision, partition, record_offset, kind, quantity, occurred_ms, sku,
    event_key, outcome, code, detail, version_seen, stock_seen, floor_seen, trace_id, facts, payload, rule)
SELECT topic_id, ruleset_revision, partition, record_offset, kind, quantity, occurred_ms, sku, event_key, 'rejected',
    'rejected_by_operator', $2, version_seen, stock_seen, floor_seen, trace_id, facts, payload, rule
FROM plimsoll_internal.parked_events WHERE sku = $1 ORDER BY number";
const REMOVE: &str = "DELETE FROM plimsoll_internal.parked_events WHERE sku = $1";
const UNHOLD_UNKNOWN: &str = "
UPDATE plimsoll_internal.unknown_skus SET held = false, decisions = decisions + 1, refused_at = now() WHERE sku = $1";
const UNHOLD: &str = "
UPDATE products SET held = false, decisions = decisions + 1, refused_at = now() WHERE sku = $1";

/// Refuses the parked events of every SKU that matches, with the code `rejected_by_operator`
/// and `who` as detail. Answers how many events. Safe to repeat.
pub async fn reject(
    database: &database::Settings,
    filter: &Filter,
    who: &str,
) -> Result<u64, DbErr> {
    let session = Arc::new(Session::open(database, "reject").await?);
    let mut refused = 0;
    for sku in skus(session.db(), filter).await? {
        let (session, who) = (Arc::clone(&session), who.to_owned());
        let one = tokio::spawn(async move { reject_sku(&session, &sku, &who).await });
        refused += one
            .await
            .expect("a panic in a transaction stops the process")?;
    }
    Ok(refused)
}

async fn reject_sku(session: &Session, sku: &str, who: &str) -> Result<u64, DbErr> {
    let tx = session.begin().await?;
    // The rows first, in the order of locks: nobody parks another event behind our back.
    execute(&tx, UNHOLD_UNKNOWN, [sku.into()]).await?;
    execute(&tx, UNHOLD, [sku.into()]).await?;
    let refused = execute(&tx, REFUSE, [sku.into(), who.into()]).await?;
    execute(&tx, REMOVE, [sku.into()]).await?;
    tx.commit().await?;
    Ok(refused)
}
