//! What another ruleset would have said about events that are decided already: each meets the
//! stock that it met then, so that one changed verdict does not blur the next. Writes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_domain::{Answered, Event, Kind, Nature, Outcome, Policy, Slot, Stock};
use plimsoll_rule_host::Ruleset;
use plimsoll_telemetry::Traces;
use plimsoll_wire::Facts;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, QueryResult, TransactionTrait};

use super::Error;
use crate::batch::Read;
use crate::database::statement;
use crate::locks::Sku;
use crate::store::{Judged, Judging};

/// Events that are judged together.
const PAGE: i64 = 2_000;
/// SKUs that are named for each change.
const SKUS_NAMED_MAX: usize = 5;

/// Which events: the newest, as far as both bounds allow.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// So many.
    pub events_max: i64,
    /// Recorded within so many hours.
    pub hours_max: f64,
}

/// A replay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events that were judged.
    pub events: u64,
    /// Verdicts that would be others, the most frequent first.
    pub changes: Vec<Change>,
}

/// Events whose verdict would change in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What became of them.
    pub then: String,
    /// What would.
    pub now: String,
    /// How many.
    pub events: u64,
    /// Units that they ask for, together; a count asks for none.
    pub units: i128,
    /// Some of their SKUs.
    pub skus: Vec<String>,
}

// Decisions that rules have no say in are left out: repeats, stale ones, what an operator decided,
// and what only waits behind another. A line of the ledger does not keep the floor of its day.
const OPEN: &str = "
DECLARE replay NO SCROLL CURSOR FOR
SELECT * FROM (
    SELECT sku, kind, coalesce(requested, CASE kind WHEN 'count' THEN stock_after ELSE quantity_change END),
        (extract(epoch FROM occurred_at) * 1000)::bigint, facts::text,
        stock_after - quantity_change, version - 1, (SELECT stock_floor FROM products p WHERE p.sku = l.sku),
        CASE WHEN requested IS NULL THEN 'applied' ELSE 'applied in part' END
            || coalesce(' (' || nullif(array_to_string(flags, ', '), '') || ')', ''), recorded_at
    FROM ledger l WHERE kind IN ('adjust', 'count')
    UNION ALL
    SELECT sku, kind, quantity, (extract(epoch FROM occurred_at) * 1000)::bigint, facts::text,
        stock_seen, version_seen, floor_seen, coalesce('rejected by ' || rule, 'rejected') || ': ' || code, recorded_at
    FROM refusals WHERE outcome = 'rejected' AND stock_seen IS NOT NULL
        AND code NOT IN ('event_id_conflict', 'stale', 'rejected_by_operator')
    UNION ALL
    SELECT sku, kind, quantity, (extract(epoch FROM occurred_at) * 1000)::bigint, facts::text,
        stock_seen, version_seen, floor_seen, coalesce('parked by ' || rule, 'parked') || ': ' || code, parked_at
    FROM parked WHERE stock_seen IS NOT NULL AND code <> 'behind'
) e (sku, kind, quantity, occurred_ms, facts, stock, version, floor, told, recorded_at)
WHERE recorded_at > now() - $1 * interval '1 hour' ORDER BY recorded_at DESC LIMIT $2";

/// Puts decided events to `rules`, the newest first, under `policy` and within the columns that
/// `products` has. `progress` hears how many, page by page.
///
/// # Errors
/// If the database fails, or a rule cannot be asked.
pub async fn replay(
    db: &DatabaseConnection,
    rules: &Arc<Ruleset>,
    policy: &Policy,
    window: Window,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Replayed, Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "it reads: a cancelled one loses nothing"
    )]
    let tx = db.begin().await?;
    let policy = &Policy {
        limits: crate::run::limits(&tx).await?,
        ..*policy
    };
    let values = [window.hours_max.into(), window.events_max.into()];
    tx.execute_raw(statement(OPEN, values)).await?;
    let mut tally = Tally::default();
    loop {
        let fetch = format!("FETCH {PAGE} FROM replay");
        let rows = tx.query_all_raw(statement(&fetch, [])).await?;
        if rows.is_empty() {
            tx.rollback().await?;
            return Ok(tally.replayed());
        }
        let decided: Result<Vec<Decided>, DbErr> = rows.iter().map(Decided::of).collect();
        tally.add(&decided?, rules, policy)?;
        progress(tally.events);
    }
}

/// A decision as its row has it.
struct Decided {
    sku: Sku,
    stock: Stock,
    read: Read,
    told: String,
}

impl Decided {
    fn of(row: &QueryResult) -> Result<Decided, DbErr> {
        let quantity = row.try_get_by_index(2)?;
        let kind = match row.try_get_by_index::<String>(1)?.as_str() {
            "count" => Kind::Count(quantity),
            _ => Kind::Adjust(quantity),
        };
        let facts = row.try_get_by_index::<Option<String>>(4)?;
        let facts = facts.map(|text| Facts::unpack(&text)).transpose();
        let facts = facts.map_err(|err| DbErr::Custom(format!("the facts of an event: {err}")))?;
        let nature = facts.as_ref().map_or_else(
            || Facts::default().nature_of(kind),
            |facts| facts.nature_of(kind),
        );
        let (units, version) = (row.try_get_by_index(5)?, row.try_get_by_index(6)?);
        Ok(Decided {
            sku: Sku::from(row.try_get_by_index::<String>(0)?),
            stock: Stock {
                units,
                version,
                floor: row.try_get_by_index(7)?,
                decisions: 1,
                ledger: Some((units, version)),
                held: false,
            },
            read: read(kind, nature, row.try_get_by_index(3)?, facts),
            told: row.try_get_by_index(8)?,
        })
    }
}

fn read(kind: Kind, nature: Nature, occurred_ms: i64, facts: Option<Facts>) -> Read {
    Read {
        event: Event {
            slot: 0,
            kind,
            key: None,
            nature,
            expected_version: None,
        },
        occurred_ms,
        facts: facts.map(Box::new),
    }
}

/// What would change, so far.
#[derive(Default)]
struct Tally {
    events: u64,
    changes: BTreeMap<(String, String), Change>,
}

impl Tally {
    /// Each event is alone with its product.
    fn add(
        &mut self,
        decided: &[Decided],
        rules: &Arc<Ruleset>,
        policy: &Policy,
    ) -> Result<(), Error> {
        let reads: Vec<Read> = (0..)
            .zip(decided)
            .map(|(slot, one)| one.read.at(slot))
            .collect();
        let skus: Vec<Sku> = decided.iter().map(|one| Sku::clone(&one.sku)).collect();
        let judging = Judging {
            traces: &Traces::off(),
            rules,
            policy,
            skus: &skus,
            slots: decided.iter().map(|one| Slot::Product(one.stock)).collect(),
            reads: reads.iter().collect(),
        };
        let judged = judging.fold(&Answered::default())?;
        for (n, one) in (0..).zip(decided) {
            self.events += 1;
            let now = told(&judged, n, one.read.event.kind);
            if now != one.told {
                self.change(one, now);
            }
        }
        Ok(())
    }

    fn change(&mut self, one: &Decided, now: String) {
        let key = (one.told.clone(), now.clone());
        let change = self.changes.entry(key).or_insert_with(|| Change {
            then: one.told.clone(),
            now,
            events: 0,
            units: 0,
            skus: Vec::new(),
        });
        change.events += 1;
        if let Kind::Adjust(units) = one.read.event.kind {
            change.units += i128::from(units);
        }
        if change.skus.len() < SKUS_NAMED_MAX && !change.skus.iter().any(|sku| **sku == *one.sku) {
            change.skus.push(one.sku.to_string());
        }
    }

    fn replayed(self) -> Replayed {
        let mut changes: Vec<Change> = self.changes.into_values().collect();
        changes.sort_by_key(|change| std::cmp::Reverse(change.events));
        Replayed {
            events: self.events,
            changes,
        }
    }
}

/// A verdict in the words of the cursor.
fn told(judged: &Judged, event: u32, asked: Kind) -> String {
    let (place, why) = match judged.folded.outcomes[event as usize] {
        Outcome::Movement { change, .. } => {
            let in_part = matches!(asked, Kind::Adjust(units) if units != change);
            let applied = if in_part {
                "applied in part"
            } else {
                "applied"
            };
            let flags: Vec<&str> = judged.flags(event).collect();
            return match flags.is_empty() {
                true => applied.to_owned(),
                false => format!("{applied} ({})", flags.join(", ")),
            };
        }
        Outcome::Refused { refusal, .. } => ("rejected", judged.why_refused(event, refusal)),
        Outcome::Parked { hold, .. } => ("parked", judged.why_parked(event, hold)),
    };
    match why.rule {
        Some(rule) => format!("{place} by {rule}: {}", why.code),
        None => format!("{place}: {}", why.code),
    }
}
