//! One transaction of a release: the first parked events of one SKU, through the fold.

use std::sync::Arc;

use plimsoll_domain::{Answered, Event, EventKey, Kind, Outcome, Slot, fold};
use plimsoll_wire::Facts;
use sea_orm::{ConnectionTrait, DbErr, QueryResult};
use uuid::Uuid;

use super::Released;
use crate::batch::{Batch, Parked, Read};
use crate::database::{Session, execute, statement};
use crate::locks::Sku;
use crate::store::{self, Job, Store};

/// Events that one transaction replays at most.
const EVENTS_MAX: i64 = 500;

const FIRST: &str = "
SELECT number, topic_id, partition, record_offset, kind, quantity, occurred_ms, event_key, trace_id, facts::text, payload
FROM plimsoll_internal.parked_events WHERE sku = $1 ORDER BY number LIMIT $2";
const LEFT: &str = "SELECT count(*) FROM plimsoll_internal.parked_events WHERE sku = $1";
const REMOVE: &str = "DELETE FROM plimsoll_internal.parked_events WHERE sku = $1 AND number <= $2";
const UNHOLD: &str = "UPDATE products SET held = false, decisions = decisions + 1 WHERE sku = $1 AND held";

/// Replays what it can. Nothing is done to a SKU without a product.
pub(super) async fn step(store: &Arc<Store>, sku: &str) -> Result<Released, DbErr> {
    let session = Session::open(&store.database, &store.instance).await?;
    store.knowledge.start_epoch();
    let tx = session.begin().await?;
    let skus: Arc<[Sku]> = Arc::from([Sku::from(sku)]);
    let known = store::read_locked(&tx, store, &skus).await?;
    let rows = tx.query_all_raw(statement(FIRST, [sku.into(), EVENTS_MAX.into()])).await?;
    let slot = match known[0].slot {
        Slot::Unknown(_) => return Ok(Released { remaining: rows.len() as u64, ..Released::default() }),
        Slot::Product(stock) => Slot::Product(plimsoll_domain::Stock { held: false, ..stock }),
    };
    // One topic a transaction, since its rows name one.
    let topic_id: i16 = rows.first().map_or(Ok(0), |row| row.try_get_by_index(1))?;
    let mut events = Vec::new();
    for row in rows.iter().take_while(|row| row.try_get_by_index::<i16>(1).is_ok_and(|id| id == topic_id)) {
        events.push(parked(row)?);
    }
    let folded = |events: &[(i64, Parked)]| {
        let events: Vec<Event> = events.iter().map(|(_, parked)| parked.read.event).collect();
        fold(&events, &[slot], &Answered::default(), &store.policy)
    };
    // From the first that must wait again, all keep their rows and their order.
    let leave = folded(&events).outcomes.iter().take_while(|outcome| !matches!(outcome, Outcome::Parked { .. })).count();
    events.truncate(leave);
    let Some(last) = events.last().map(|(number, _)| *number) else {
        if rows.is_empty() {
            execute(&tx, UNHOLD, [sku.into()]).await?;
            tx.commit().await?;
        }
        return Ok(Released { remaining: rows.len() as u64, ..Released::default() });
    };
    let mut folded = folded(&events);
    execute(&tx, REMOVE, [sku.into(), last.into()]).await?;
    let left: i64 = tx.query_one_raw(statement(LEFT, [sku.into()])).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    if let Slot::Product(stock) = &mut folded.slots[0].now {
        stock.held = left > 0;
    }
    let count = events.len();
    let batch = Batch::of_parked(skus, events.into_iter().map(|(_, parked)| parked));
    let job = Job::without_positions(Arc::new(batch), topic_id);
    if !store::write_folded(&job, store, &known, &folded, &tx).await? {
        return Err(DbErr::Custom(format!("{sku} changed while its row was locked")));
    }
    tx.commit().await?;
    session.discard();
    Ok(Released { skus: 0, events: count as u64, remaining: left.unsigned_abs() })
}

fn parked(row: &QueryResult) -> Result<(i64, Parked), DbErr> {
    let quantity = row.try_get_by_index(5)?;
    let kind = match row.try_get_by_index::<i16>(4)? {
        1 => Kind::Count(quantity),
        _ => Kind::Adjust(quantity),
    };
    let facts = row.try_get_by_index::<Option<String>>(9)?;
    let facts = facts.map(|text| Facts::unpack(&text).map_err(|err| DbErr::Custom(format!("the facts of a parked event: {err}")))).transpose()?;
    let event = Event {
        slot: 0,
        kind,
        key: row.try_get_by_index::<Option<Uuid>>(7)?.map(|key| EventKey(key.as_u128())),
        nature: facts.as_ref().map_or_else(|| Facts::default().nature_of(kind), |facts| facts.nature_of(kind)),
        expected_version: facts.as_ref().and_then(|facts| facts.expected_version),
    };
    let read = Read {
        event,
        occurred_ms: row.try_get_by_index(6)?,
        trace: row.try_get_by_index::<Option<Uuid>>(8)?.map(|id| id.as_u128()),
        facts: facts.map(Box::new),
    };
    let parked = Parked {
        partition: row.try_get_by_index(2)?,
        offset: row.try_get_by_index(3)?,
        read,
        value: row.try_get_by_index::<Option<Vec<u8>>>(10)?.unwrap_or_default(),
    };
    Ok((row.try_get_by_index(0)?, parked))
}
