//! What a rule cost once, in a file that is committed beside it, and what costs more by now. Costing
//! less is no finding.

use std::path::Path;

use plimsoll_rule_host::author::cost::Cost;
use serde::{Deserialize, Serialize};

use crate::cli::rules::{Bench, folder};
use crate::exit::Failure;
use crate::say;

/// A rule and what batches of it cost.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Baseline {
    rule: String,
    costs: Vec<Known>,
}

/// What is compared of a batch.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Known {
    events: usize,
    fuel: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    nanoseconds_per_event: Option<f64>,
}

/// How much more is still the same, in percent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerances {
    fuel: u32,
    time: u32,
}

impl From<&Bench> for Tolerances {
    fn from(options: &Bench) -> Tolerances {
        Tolerances {
            fuel: options.fuel_tolerance,
            time: options.tolerance,
        }
    }
}

impl Baseline {
    pub(super) fn of(rule: &str, costs: &[Cost]) -> Baseline {
        let known = |cost: &Cost| Known {
            events: cost.events,
            fuel: cost.fuel,
            nanoseconds_per_event: cost.nanoseconds_per_event,
        };
        Baseline {
            rule: rule.to_owned(),
            costs: costs.iter().map(known).collect(),
        }
    }

    pub(super) fn read(path: &Path) -> Result<Baseline, Failure> {
        let fix = "write it with plimsoll rules bench --fuel --save FILE";
        let cannot = |error: &dyn std::fmt::Display| {
            Failure::usage(format!("cannot read {}: {error}", path.display()), fix)
        };
        let text = std::fs::read(path).map_err(|error| cannot(&error))?;
        serde_json::from_slice(&text).map_err(|error| cannot(&error))
    }

    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self).expect("numbers are finite");
        folder::write(path, format!("{text}\n").as_bytes())
    }

    /// What costs more than it did, one line each.
    pub(super) fn exceeded_by(&self, now: &[Cost], tolerances: Tolerances) -> Vec<String> {
        now.iter()
            .flat_map(|now| self.exceeded_by_one(now, tolerances))
            .collect()
    }

    fn exceeded_by_one(&self, now: &Cost, tolerances: Tolerances) -> Vec<String> {
        let events = now.events;
        let Some(before) = self.costs.iter().find(|before| before.events == events) else {
            return vec![format!("batch of {events}: not in the baseline")];
        };
        let mut findings = Vec::new();
        if more(before.fuel as f64, now.fuel as f64, tolerances.fuel) {
            let (was, is, most) = (before.fuel, now.fuel, tolerances.fuel);
            let (was, is) = (say::count(was), say::count(is));
            findings.push(format!(
                "batch of {events}: {was} fuel became {is}, more than {most} % more"
            ));
        }
        // What was not measured both times is not compared.
        let times = before.nanoseconds_per_event.zip(now.nanoseconds_per_event);
        if let Some((was, is)) = times.filter(|(was, is)| more(*was, *is, tolerances.time)) {
            let most = tolerances.time;
            findings.push(format!(
                "batch of {events}: {was:.0} ns an event became {is:.0}, more than {most} % more"
            ));
        }
        findings
    }
}

fn more(was: f64, is: f64, tolerance_percent: u32) -> bool {
    is > was * (1.0 + f64::from(tolerance_percent) / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(events: usize, nanoseconds_per_event: Option<f64>, fuel: u64) -> Cost {
        Cost {
            events,
            nanoseconds_per_event,
            fuel,
            budget_share: 0.5,
        }
    }

    fn found(before: &[Cost], now: Cost, fuel: u32, time: u32) -> Vec<String> {
        Baseline::of("any", before).exceeded_by(&[now], Tolerances { fuel, time })
    }

    #[test]
    fn what_costs_more_beyond_the_tolerance_is_found_and_what_costs_less_is_not() {
        let before = [cost(1, Some(100.0), 7), cost(256, Some(10.0), 900)];
        let found = |now, fuel, time| found(&before, now, fuel, time);
        assert_eq!(found(cost(1, Some(100.0), 7), 0, 0), [""; 0]);
        assert_eq!(found(cost(256, Some(1.0), 100), 0, 0), [""; 0]);
        assert_eq!(found(cost(1, Some(150.0), 7), 0, 50), [""; 0]);
        assert_eq!(
            found(cost(1, Some(151.0), 7), 0, 50),
            ["batch of 1: 100 ns an event became 151, more than 50 % more"]
        );
        assert_eq!(found(cost(256, Some(1.0), 990), 10, 0), [""; 0]);
        assert_eq!(
            found(cost(256, Some(1.0), 991), 10, 0),
            ["batch of 256: 900 fuel became 991, more than 10 % more"]
        );
        assert_eq!(
            found(cost(64, None, 1), 10, 0),
            ["batch of 64: not in the baseline"]
        );
    }

    #[test]
    fn time_is_compared_only_where_it_was_measured_both_times() {
        let (timed, untimed) = (cost(1, Some(100.0), 7), cost(1, None, 7));
        assert_eq!(found(&[untimed], cost(1, Some(900.0), 7), 0, 0), [""; 0]);
        assert_eq!(found(&[timed], cost(1, None, 7), 0, 0), [""; 0]);
    }
}
