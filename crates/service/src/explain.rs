//! `plimsoll explain`: what happened to an event or a record, and why, from what was stored with
//! the decision, and by asking the rules again that were active then.

mod fate;
mod record;
mod rules;
mod sentence;

use plimsoll_wire::Headers;
use sea_orm::sqlx::postgres::PgPool;
use serde::Serialize;
use uuid::Uuid;

use crate::cli::Explain;
use crate::config::{Config, Telemetry};
use crate::database;
use crate::exit::{Failure, Verdict};
use crate::say;
use fate::Fate;
use rules::{Answer, Repeater};

pub(crate) async fn run(config: &Config, options: &Explain) -> Result<Verdict, Failure> {
    let key = options
        .what
        .event_id
        .as_deref()
        .map(|id| event_key(&options.source, id))
        .transpose()?;
    let db = database::open(&config.database, "explain").await?;
    match (key, &options.what.record) {
        (Some(key), _) => event(&db, &config.telemetry, key, options).await,
        (None, Some(place)) => record::run(&db, &config.telemetry, place, options.json).await,
        (None, None) => unreachable!("clap asks for one of the two"),
    }
}

async fn event(
    db: &PgPool,
    telemetry: &Telemetry,
    key: Uuid,
    options: &Explain,
) -> Result<Verdict, Failure> {
    let fates = fate::of_event(db, key, options.sku.as_deref()).await?;
    let nothing = fates.is_empty();
    let rows = explained(db, telemetry, fates).await;
    if options.json {
        say::json(&serde_json::json!({ "event_key": key, "rows": rows }));
    } else {
        say::line(format_args!("Event key {key}."));
        rows.iter().for_each(tell);
    }
    if nothing {
        say::note(
            "Nothing with this identity was decided or is parked. Either its record is not read yet, \
             or it named a source (--source), or it was malformed, which keeps no identity (--record finds it), \
             or its ledger part was dropped by retention.",
        );
    }
    Ok(Verdict::finding_if(nothing))
}

/// A row, and what each rule said.
#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    fate: Fate,
    /// Where its trace is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_url: Option<String>,
    rules: Vec<Answer>,
    /// Why there are none, if that is not for want of rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules_missing: Option<String>,
}

async fn explained(db: &PgPool, telemetry: &Telemetry, fates: Vec<Fate>) -> Vec<Explained> {
    let mut repeater = Repeater::new(db);
    let mut rows = Vec::with_capacity(fates.len());
    for fate in fates {
        let (rules, rules_missing) = match repeater.answers(&fate).await {
            Ok(rules) => (rules, None),
            Err(why) => (Vec::new(), Some(why)),
        };
        rows.push(Explained {
            trace_url: fate.trace_id.as_deref().and_then(|id| telemetry.link(id)),
            fate,
            rules,
            rules_missing,
        });
    }
    rows
}

fn tell(row: &Explained) {
    say::line("");
    for line in sentence::of(&row.fate) {
        say::line(line);
    }
    if let Some(url) = &row.trace_url {
        say::line(format_args!("  trace at: {url}"));
    }
    for answer in &row.rules {
        say::line(answer.line());
    }
    if let Some(why) = &row.rules_missing {
        say::line(format_args!("  {why}"));
    }
}

/// As the reader of events computes it.
fn event_key(source: &str, id: &str) -> Result<Uuid, Failure> {
    let mut headers = Headers::default();
    headers.add(b"ce_source", Some(source.as_bytes()));
    headers.add(b"ce_id", Some(id.as_bytes()));
    let event = br#"{"product_id":"any","quantity_change":1}"#;
    let decoded = plimsoll_wire::decode(event, Some(&headers), plimsoll_domain::Nature::Intent);
    let decoded = decoded.map_err(|malformed| {
        Failure::usage(
            format!("no event has such an identity: {}", malformed.detail()),
            "give an id and a source of at most 200 bytes",
        )
    })?;
    Ok(Uuid::from_u128(
        decoded.key.expect("the headers name one").0,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_key_is_that_of_the_contract() {
        let id = "0190a6e4-7d8c-7c3b-9f3a-2b1c0d9e8f70";
        assert_eq!(event_key("", id).expect("an id").to_string(), id);
        assert_ne!(event_key("shop", id).expect("an id").to_string(), id);
        assert!(event_key("", "").is_err());
        assert!(event_key("", &"x".repeat(201)).is_err());
    }
}
