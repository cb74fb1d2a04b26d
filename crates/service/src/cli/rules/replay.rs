//! `plimsoll rules replay`: which decisions of the past another ruleset would have made otherwise.
//! Changes nothing.

use std::sync::Arc;

use plimsoll_core::rules::{self, Change, Window};
use plimsoll_rule_host::Document;
use serde::Serialize;

use super::{Replay, store};
use crate::config::Config;
use crate::exit::{Failure, Verdict};
use crate::say::{self, Column};

/// Between two lines of progress, in events.
const PROGRESS: u64 = 100_000;

/// What `--json` prints.
#[derive(Serialize)]
struct Report {
    events: u64,
    changes: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    then: String,
    now: String,
    events: u64,
    units: i128,
    skus: Vec<String>,
}

pub(super) async fn run(config: &Config, options: &Replay) -> Result<Verdict, Failure> {
    let document = document(options)?;
    let (db, shelf) = (store::open(config).await?, store::shelf(config)?);
    let stored = rules::with_files(&db, &document)
        .await
        .map_err(store::failure)?;
    let ruleset = Arc::new(shelf.ruleset(stored).await.map_err(store::failure)?);
    let window = Window {
        events_max: options.events,
        hours_max: options.hours,
    };
    let mut said = 0;
    let mut progress = |events: u64| {
        if events - said >= PROGRESS {
            said = events;
            say::note(format_args!("{} judged", say::plural(events, "event")));
        }
    };
    let policy = &config.stock.policy;
    let replayed = rules::replay(&db, &ruleset, policy, window, &mut progress).await;
    let replayed = replayed.map_err(store::failure)?;
    let report = Report {
        events: replayed.events,
        changes: replayed.changes.into_iter().map(Row::of).collect(),
    };
    if options.json {
        say::json(&report);
    } else {
        print(&report);
    }
    Ok(Verdict::Done)
}

pub(super) fn document(options: &Replay) -> Result<Document, Failure> {
    let path = options.file.display();
    let text = std::fs::read_to_string(&options.file)
        .map_err(|error| Failure::usage(format!("cannot read {path}: {error}"), ""))?;
    Document::from_toml(&text).map_err(|error| {
        let why = rules::Error::from(error).reason();
        Failure::failed(format!("{path}: {why}"), "")
    })
}

fn print(report: &Report) {
    let changed: u64 = report.changes.iter().map(|change| change.events).sum();
    say::line(format_args!(
        "{} of {} would be decided otherwise, each at the stock that it met then.",
        say::count(changed),
        say::plural(report.events, "event")
    ));
    let columns = [
        Column::Left("then"),
        Column::Left("now"),
        Column::Right("events"),
        Column::Right("units"),
        Column::Left("SKUs, for example"),
    ];
    let rows = report.changes.iter().map(|change| {
        vec![
            change.then.clone(),
            change.now.clone(),
            say::count(change.events),
            say::count(change.units),
            change.skus.join(" "),
        ]
    });
    say::table(&columns, &rows.collect::<Vec<_>>());
}

impl Row {
    fn of(change: Change) -> Row {
        Row {
            then: change.then,
            now: change.now,
            events: change.events,
            units: change.units,
            skus: change.skus,
        }
    }
}
