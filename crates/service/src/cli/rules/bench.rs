//! `plimsoll rules bench`: what an event costs, and whether it costs more than it did. Each within
//! a tolerance: fuel depends on nothing but the module, time on all that this machine does.

mod baseline;

use std::path::Path;
use std::time::Duration;

use plimsoll_rule_host::author::cost::{self, Cost};
use plimsoll_rule_host::{Bundle, activate};
use serde_json::json;

use super::{Bench, folder};
use crate::exit::{Failure, Verdict};
use crate::say::{self, Column};
use baseline::Baseline;

/// Time spent on each batch size.
const TIME: Duration = Duration::from_millis(500);

pub(super) fn run(options: &Bench) -> Result<Verdict, Failure> {
    let bundle = options.place.open_or_build(options.file.as_deref())?;
    let rule = bundle.manifest().name.clone();
    let before = options.check.as_deref().map(Baseline::read).transpose()?;
    let costs = measure(bundle, options)?;
    let findings = before.map_or_else(Vec::new, |before| {
        before.exceeded_by(&costs, options.into())
    });
    match options.json {
        true => say::json(&json!({
            "ok": findings.is_empty(), "rule": rule, "costs": costs, "findings": findings,
        })),
        false => print(&costs, &findings, options),
    }
    if let Some(path) = &options.save {
        Baseline::of(&rule, &costs).write(path)?;
    }
    Ok(Verdict::finding_if(!findings.is_empty()))
}

fn measure(bundle: Bundle, options: &Bench) -> Result<Vec<Cost>, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::failed(folder::chain(error), "");
    let rule = activate::load(&folder::engine()?, bundle).map_err(|error| failed(&error))?;
    let parameters = rule.bundle().manifest().parameters.iter();
    let defaults: Vec<i64> = parameters.map(|it| it.default).collect();
    let time = (!options.fuel).then_some(TIME);
    cost::measure(&rule, &defaults, &cost::BATCHES, time).map_err(|error| failed(&error))
}

fn print(costs: &[Cost], findings: &[String], options: &Bench) {
    let columns = [
        Column::Right("batch"),
        Column::Right("ns/event"),
        Column::Right("fuel/event"),
        Column::Right("of budget"),
    ];
    let row = |cost: &Cost| {
        let nanoseconds = cost.nanoseconds_per_event;
        vec![
            say::count(cost.events as u64),
            nanoseconds.map_or_else(|| "–".to_owned(), |it| format!("{it:.0}")),
            say::count(cost.fuel / cost.events as u64),
            format!("{:.1} %", cost.budget_share * 100.0),
        ]
    };
    let rows: Vec<_> = costs.iter().map(row).collect();
    say::table(&columns, &rows);
    for finding in findings {
        say::line(format_args!("FAILED  {finding}"));
    }
    match &options.check {
        None => {}
        Some(_) if findings.is_empty() => say::line("costs no more than its baseline"),
        Some(baseline) => say::line(format_args!(
            "if it is worth that, renew the baseline: {}",
            renewing(options, baseline)
        )),
    }
}

/// What to type for the same rule.
fn renewing(options: &Bench, baseline: &Path) -> String {
    let fuel = if options.fuel { " --fuel" } else { "" };
    let which = match &options.file {
        Some(file) => file.display().to_string(),
        None => format!("--path {}", options.place.path.display()),
    };
    format!(
        "plimsoll rules bench {which}{fuel} --save {}",
        baseline.display()
    )
}
