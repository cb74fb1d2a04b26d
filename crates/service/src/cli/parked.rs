//! `plimsoll parked`: events that wait, and what an operator may do with them. Decisions are the
//! consumer's own; here they are only asked for.

use plimsoll_core::release::{self, By, Released};
use sea_orm::sqlx::postgres::PgPool;

use super::arguments::{Act, Parked, Which};
use crate::config::Config;
use crate::database;
use crate::exit::{Failure, Verdict};
use crate::reads;
use crate::say::{self, Column};
use crate::who;

/// A note of progress after this many SKUs.
const NOTE_EVERY: u64 = 1_000;

pub(super) async fn run(config: &Config, command: Parked) -> Result<Verdict, Failure> {
    let db = database::open(&config.database, "parked").await?;
    match command {
        Parked::List { which, limit, json } => list(&db, which, limit, json).await,
        Parked::Release { act, overrule } => {
            let by = if overrule { By::Person } else { By::Rules };
            release(config, &filter(act)?, by).await
        }
        Parked::Reject { act, by } => {
            reject(config, &filter(act)?, &by.unwrap_or_else(who::user_at_host)).await
        }
    }
}

async fn list(db: &PgPool, which: Which, limit: i64, json: bool) -> Result<Verdict, Failure> {
    let filter = reads::parked::Filter {
        sku: which.sku,
        code: which.code,
        rule: which.rule,
    };
    let parked = reads::parked::page(db, &filter, 0, limit).await?;
    let more = i64::try_from(parked.len()).unwrap_or(i64::MAX) == limit;
    if json {
        say::json(&serde_json::json!({ "parked": parked }));
    } else {
        table(parked);
    }
    if more {
        say::note(format_args!(
            "There may be more: --limit {}",
            limit.saturating_mul(10)
        ));
    }
    Ok(Verdict::Done)
}

fn table(parked: Vec<reads::parked::Parked>) {
    if parked.is_empty() {
        say::note("Nothing waits.");
    }
    let columns = [
        Column::Right("number"),
        Column::Left("sku"),
        Column::Left("waits for"),
        Column::Left("event"),
        Column::Right("stock seen"),
        Column::Right("floor seen"),
        Column::Left("record"),
        Column::Left("since"),
    ];
    let seen = |number: Option<i64>| number.map(say::count).unwrap_or_default();
    let rows: Vec<Vec<String>> = parked
        .into_iter()
        .map(|event| {
            vec![
                event.number.to_string(),
                event.sku,
                event.code,
                format!("{} {}", event.kind, say::count(event.quantity)),
                seen(event.stock_seen),
                seen(event.floor_seen),
                format!(
                    "{}/{}/{}",
                    event.topic, event.partition, event.record_offset
                ),
                event.parked_at,
            ]
        })
        .collect();
    say::table(&columns, &rows);
}

async fn release(config: &Config, filter: &release::Filter, by: By) -> Result<Verdict, Failure> {
    let mut progress = |sofar: Released| {
        if sofar.skus.is_multiple_of(NOTE_EVERY) {
            say::note(format_args!(
                "{} looked at, {} left",
                say::plural(sofar.skus, "SKU"),
                say::plural(sofar.events, "event")
            ));
        }
    };
    let stock = &config.stock;
    let released = release::release(
        &config.database,
        &stock.policy,
        stock.id_window,
        &config.rules,
        filter,
        by,
        &mut progress,
    )
    .await?;
    let Released {
        skus,
        events,
        remaining,
    } = released;
    say::line(format_args!(
        "Released {} of {}.",
        say::plural(events, "event"),
        say::plural(skus, "SKU")
    ));
    if remaining > 0 {
        let waits = if remaining == 1 { "waits" } else { "wait" };
        say::line(format_args!(
            "{} still {waits}; `plimsoll parked list` says what for.",
            say::plural(remaining, "event")
        ));
    }
    Ok(Verdict::Done)
}

async fn reject(config: &Config, filter: &release::Filter, by: &str) -> Result<Verdict, Failure> {
    let rejected = release::reject(&config.database, filter, by).await?;
    say::line(format_args!(
        "Rejected {}, by {by}.",
        say::plural(rejected, "event")
    ));
    Ok(Verdict::Done)
}

/// Everything that waits must be asked for in as many words.
fn filter(act: Act) -> Result<release::Filter, Failure> {
    let Which { sku, code, rule } = act.which;
    if !act.all && sku.is_none() && code.is_none() && rule.is_none() {
        return Err(Failure::usage(
            "which events is not said",
            "give --sku, --code or --rule, or --all",
        ));
    }
    Ok(release::Filter { sku, code, rule })
}
