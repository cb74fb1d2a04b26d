//! One transaction of a release: the first parked events of one SKU, through the fold.

use std::sync::Arc;

use plimsoll_domain::{Answered, Event, EventKey, Hold, Kind, Outcome, Seen, Slot, Stock};
use plimsoll_rule_host::Ruleset;
use plimsoll_wire::Facts;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, QueryResult};
use uuid::Uuid;

use super::{By, Released};
use crate::batch::{Batch, Parked, Read};
use crate::database::{Session, execute, statement};
use crate::locks::Sku;
use crate::store::{self, Job, Judged, Judging, Store, Why};

/// Events that one transaction replays at most.
const EVENTS_MAX: i64 = 500;
/// Bytes of their values after which it takes no more: they are all in memory at once. One value
/// may pass it, so that there is always one to replay.
const BYTES_MAX: i64 = 8 << 20;

const FIRST: &str = "
SELECT number, topic_id, partition, record_offset, kind, quantity, occurred_ms, event_key, trace_id, facts::text, payload
FROM (
    SELECT *, sum(octet_length(payload)) OVER (ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
    FROM (SELECT * FROM plimsoll_internal.parked_events WHERE sku = $1 ORDER BY number LIMIT $2) e
) e WHERE coalesce(bytes_before, 0) < $3 ORDER BY number";
const LEFT: &str = "SELECT count(*) FROM plimsoll_internal.parked_events WHERE sku = $1";
const REMOVE: &str = "DELETE FROM plimsoll_internal.parked_events WHERE sku = $1 AND number <= $2";
const WAIT_FOR: &str = "
UPDATE plimsoll_internal.parked_events SET code = $2, version_seen = $3, stock_seen = $4, floor_seen = $5,
    rule = nullif($6, ''), detail = nullif($7, ''), ruleset_revision = $8
WHERE number = $1";
const UNHOLD: &str =
    "UPDATE products SET held = false, decisions = decisions + 1 WHERE sku = $1 AND held";

/// Replays what it can. Nothing is done to a SKU without a product.
pub(super) async fn step(store: &Arc<Store>, sku: &str, by: By) -> Result<Released, DbErr> {
    let session = Session::open(&store.database, &store.instance).await?;
    let forget = || store.knowledge.forget(std::iter::once(&Sku::from(sku)));
    forget();
    let tx = session.begin().await?;
    let released = within(&tx, store, sku, by).await?;
    tx.commit().await?;
    forget();
    session.discard();
    Ok(released)
}

async fn within(
    tx: &DatabaseTransaction,
    store: &Store,
    sku: &str,
    by: By,
) -> Result<Released, DbErr> {
    let skus: Arc<[Sku]> = Arc::from([Sku::from(sku)]);
    let known = store::read_locked(tx, store, &skus).await?;
    let Slot::Product(stock) = known[0].slot else {
        return all_wait(tx, sku).await;
    };
    let (topic_id, mut events) = first(tx, sku).await?;
    let slot = Slot::Product(Stock {
        held: false,
        ..stock
    });
    let rules = match by {
        By::Person if parked_by_rule(tx, sku).await? => {
            events.truncate(1);
            Arc::new(Ruleset::none())
        }
        By::Person | By::Rules => rules_of_today(tx, store).await?,
    };
    let replay = |events: &[(i64, Parked)]| judge(store, &rules, &skus, slot, events);
    // From the first that must wait again, all keep their rows and their order.
    let mut judged = replay(&events)?;
    let waits = (0..).zip(&judged.folded.outcomes).find_map(waits);
    if let Some((n, hold, seen)) = waits {
        let leave = n as usize;
        let why = judged.why_parked(n, hold);
        wait_for(tx, events[leave].0, &why, seen, rules.revision()).await?;
        events.truncate(leave);
        if leave == 0 {
            return all_wait(tx, sku).await;
        }
        judged = replay(&events)?;
    }
    let Some(&(last, _)) = events.last() else {
        execute(tx, UNHOLD, [sku.into()]).await?;
        return Ok(Released::default());
    };
    execute(tx, REMOVE, [sku.into(), last.into()]).await?;
    let remaining = left(tx, sku).await?;
    if let Slot::Product(stock) = &mut judged.folded.slots[0].now {
        stock.held = remaining > 0;
    }
    let released = Released {
        skus: 0,
        events: events.len() as u64,
        remaining,
    };
    let batch = Batch::of_parked(
        Arc::clone(&skus),
        events.into_iter().map(|(_, parked)| parked),
    );
    let job = Job::without_positions(Arc::new(batch), topic_id);
    match store::write_folded(&job, store, &known, &judged, tx).await? {
        true => Ok(released),
        false => Err(DbErr::Custom(format!("{sku} changed under its lock"))),
    }
}

/// The rules that decide by now, unless they are not ready here.
async fn rules_of_today(tx: &DatabaseTransaction, store: &Store) -> Result<Arc<Ruleset>, DbErr> {
    let rules = store.rules.now();
    let revision = store::newest_revision(tx).await?;
    if revision > rules.revision() {
        store.await_rules(revision, rules.revision());
        let why = format!("revision {revision} of the rules decides by now: release again");
        return Err(DbErr::Custom(why));
    }
    if !store::has_ruleset(tx, &rules).await? {
        store.rules.look();
        let why = "the database went back and has other rules by now: release again";
        return Err(DbErr::Custom(why.to_owned()));
    }
    Ok(rules)
}

/// Whether it is a rule that the first parked event waits for.
async fn parked_by_rule(tx: &DatabaseTransaction, sku: &str) -> Result<bool, DbErr> {
    let sql = "SELECT rule IS NOT NULL FROM plimsoll_internal.parked_events
               WHERE sku = $1 ORDER BY number LIMIT 1";
    let row = tx.query_one_raw(statement(sql, [sku.into()])).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}

/// Folds parked events of one SKU, as if nothing held it.
fn judge(
    store: &Store,
    rules: &Arc<Ruleset>,
    skus: &[Sku],
    slot: Slot,
    events: &[(i64, Parked)],
) -> Result<Judged, DbErr> {
    let judging = Judging {
        rules,
        traces: &store.traces,
        policy: &store.policy,
        skus,
        slots: vec![slot],
        reads: events.iter().map(|(_, parked)| &parked.read).collect(),
    };
    let judged = judging.fold(&Answered::default());
    judged.map_err(|err| DbErr::Custom(err.to_string()))
}

/// Notes what a parked event waits for by now.
async fn wait_for(
    tx: &DatabaseTransaction,
    number: i64,
    why: &Why<'_>,
    seen: Seen,
    revision: i32,
) -> Result<(), DbErr> {
    let values = [
        number.into(),
        why.code.into(),
        seen.version.into(),
        seen.stock.into(),
        seen.floor.into(),
        why.rule.unwrap_or_default().into(),
        why.detail.clone().unwrap_or_default().into(),
        revision.into(),
    ];
    execute(tx, WAIT_FOR, values).await?;
    Ok(())
}

fn waits((n, outcome): (u32, &Outcome)) -> Option<(u32, Hold, Seen)> {
    match *outcome {
        Outcome::Parked { hold, seen } => Some((n, hold, seen.expect("it has a product"))),
        Outcome::Movement { .. } | Outcome::Refused { .. } => None,
    }
}

/// The first parked events of a SKU with their numbers, all of one topic, which is named.
async fn first(tx: &DatabaseTransaction, sku: &str) -> Result<(i16, Vec<(i64, Parked)>), DbErr> {
    let values = [sku.into(), EVENTS_MAX.into(), BYTES_MAX.into()];
    let mut topic = None;
    let mut events = Vec::new();
    for row in tx.query_all_raw(statement(FIRST, values)).await? {
        let topic_id: i16 = row.try_get_by_index(1)?;
        if *topic.get_or_insert(topic_id) != topic_id {
            break;
        }
        events.push(parked(&row)?);
    }
    Ok((topic.unwrap_or(0), events))
}

async fn all_wait(tx: &DatabaseTransaction, sku: &str) -> Result<Released, DbErr> {
    Ok(Released {
        remaining: left(tx, sku).await?,
        ..Released::default()
    })
}

/// How many events of the SKU still wait. A new statement, behind the lock of its product.
async fn left(tx: &DatabaseTransaction, sku: &str) -> Result<u64, DbErr> {
    let row = tx.query_one_raw(statement(LEFT, [sku.into()])).await?;
    let left: i64 = row.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    Ok(left.unsigned_abs())
}

fn parked(row: &QueryResult) -> Result<(i64, Parked), DbErr> {
    let quantity = row.try_get_by_index(5)?;
    let kind = match row.try_get_by_index::<i16>(4)? {
        1 => Kind::Count(quantity),
        _ => Kind::Adjust(quantity),
    };
    let facts = row.try_get_by_index::<Option<String>>(9)?;
    let facts = facts
        .map(|text| {
            Facts::unpack(&text)
                .map_err(|err| DbErr::Custom(format!("the facts of a parked event: {err}")))
        })
        .transpose()?;
    let event = Event {
        slot: 0,
        kind,
        key: row
            .try_get_by_index::<Option<Uuid>>(7)?
            .map(|key| EventKey(key.as_u128())),
        nature: facts.as_ref().map_or_else(
            || Facts::default().nature_of(kind),
            |facts| facts.nature_of(kind),
        ),
        expected_version: facts.as_ref().and_then(|facts| facts.expected_version),
    };
    let read = Read {
        event,
        occurred_ms: row.try_get_by_index(6)?,
        facts: facts.map(Box::new),
    };
    let parked = Parked {
        partition: row.try_get_by_index(2)?,
        offset: row.try_get_by_index(3)?,
        read,
        trace: row
            .try_get_by_index::<Option<Uuid>>(8)?
            .map(|id| id.as_u128()),
        value: row
            .try_get_by_index::<Option<Vec<u8>>>(10)?
            .unwrap_or_default(),
    };
    Ok((row.try_get_by_index(0)?, parked))
}
