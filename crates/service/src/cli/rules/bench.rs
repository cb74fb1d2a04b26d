//! `plimsoll rules bench`: what an event costs, and whether that changed. Fuel is compared exactly,
//! since it is the same everywhere; time within a tolerance, since it is not.

use std::path::Path;
use std::time::Duration;

use plimsoll_rule_host::activate;
use plimsoll_rule_host::author::cost::{self, Cost};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Bench, folder};
use crate::exit::{Failure, Verdict};
use crate::say::{self, Column};

/// Time spent on each batch size.
const TIME: Duration = Duration::from_millis(500);

/// What is measured, as it is committed.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Baseline {
    rule: String,
    costs: Vec<Cost>,
}

pub(super) fn run(options: &Bench) -> Result<Verdict, Failure> {
    let bundle = options.place.open_or_build(options.file.as_deref())?;
    let before = options.check.as_deref().map(read).transpose()?;
    let measured = measure(bundle)?;
    let findings = before.map_or_else(Vec::new, |before| {
        differences(&before.costs, &measured.costs, options.tolerance)
    });
    match options.json {
        true => say::json(&json!({
            "ok": findings.is_empty(), "rule": measured.rule, "costs": measured.costs, "findings": findings,
        })),
        false => print(&measured, &findings, options),
    }
    if let Some(path) = &options.save {
        let text = serde_json::to_string_pretty(&measured).expect("numbers are finite");
        folder::write(path, format!("{text}\n").as_bytes())?;
    }
    Ok(Verdict::finding_if(!findings.is_empty()))
}

fn measure(bundle: plimsoll_rule_host::Bundle) -> Result<Baseline, Failure> {
    let failed = |error: &dyn std::error::Error| Failure::failed(folder::chain(error), "");
    let rule = activate::load(&folder::engine()?, bundle).map_err(|error| failed(&error))?;
    let manifest = rule.bundle().manifest();
    let defaults: Vec<i64> = manifest.parameters.iter().map(|it| it.default).collect();
    let costs = cost::measure(&rule, &defaults, &cost::BATCHES, TIME);
    Ok(Baseline {
        rule: manifest.name.clone(),
        costs: costs.map_err(|error| failed(&error))?,
    })
}

fn read(path: &Path) -> Result<Baseline, Failure> {
    let fix = "write it with plimsoll rules bench --save FILE";
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::usage(format!("cannot read {}: {error}", path.display()), fix)
    };
    let text = std::fs::read(path).map_err(|error| cannot(&error))?;
    serde_json::from_slice(&text).map_err(|error| cannot(&error))
}

/// What is not as it was, one line each.
fn differences(before: &[Cost], now: &[Cost], tolerance_percent: u32) -> Vec<String> {
    let mut findings = Vec::new();
    for now in now {
        let events = now.events;
        let Some(before) = before.iter().find(|before| before.events == events) else {
            findings.push(format!("batch of {events}: not in the baseline"));
            continue;
        };
        if now.fuel != before.fuel {
            let (was, is) = (say::count(before.fuel), say::count(now.fuel));
            findings.push(format!("batch of {events}: {was} fuel became {is}"));
        }
        let (was, is) = (before.nanoseconds_per_event, now.nanoseconds_per_event);
        let most = was * (1.0 + f64::from(tolerance_percent) / 100.0);
        if is > most {
            findings.push(format!(
                "batch of {events}: {was:.0} ns an event became {is:.0}, more than {tolerance_percent} % slower"
            ));
        }
    }
    findings
}

fn print(measured: &Baseline, findings: &[String], options: &Bench) {
    let columns = [
        Column::Right("batch"),
        Column::Right("ns/event"),
        Column::Right("fuel/event"),
        Column::Right("of budget"),
    ];
    let row = |cost: &Cost| {
        vec![
            say::count(cost.events as u64),
            format!("{:.0}", cost.nanoseconds_per_event),
            say::count(cost.fuel / cost.events as u64),
            format!("{:.1} %", cost.budget_share * 100.0),
        ]
    };
    let rows: Vec<_> = measured.costs.iter().map(row).collect();
    say::table(&columns, &rows);
    for finding in findings {
        say::line(format_args!("FAILED  {finding}"));
    }
    if findings.is_empty() && options.check.is_some() {
        say::line(format_args!(
            "as the baseline: the same fuel, at most {} % slower",
            options.tolerance
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(events: usize, nanoseconds_per_event: f64, fuel: u64) -> Cost {
        Cost {
            events,
            nanoseconds_per_event,
            fuel,
            budget_share: 0.5,
        }
    }

    #[test]
    fn fuel_is_compared_exactly_and_time_within_the_tolerance() {
        let before = [cost(1, 100.0, 7), cost(256, 10.0, 900)];
        let found = |now: &[Cost], tolerance| differences(&before, now, tolerance);
        assert_eq!(found(&before, 0), [""; 0]);
        assert_eq!(found(&[cost(1, 150.0, 7)], 50), [""; 0]);
        assert_eq!(
            found(&[cost(1, 151.0, 7)], 50),
            ["batch of 1: 100 ns an event became 151, more than 50 % slower"]
        );
        for fuel in [899, 901] {
            assert_eq!(
                found(&[cost(256, 1.0, fuel)], 50),
                [format!("batch of 256: 900 fuel became {fuel}")]
            );
        }
        assert_eq!(
            found(&[cost(64, 1.0, 1)], 50),
            ["batch of 64: not in the baseline"]
        );
    }
}
