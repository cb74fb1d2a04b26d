//! `plimsoll rules test`: what the service will ask of the rule, asked here first.

use plimsoll_rule_host::author::trial::{self, Check, Trial};
use serde_json::json;

use super::{Test, folder};
use crate::exit::{Failure, Verdict};
use crate::say;

pub(super) fn run(options: &Test) -> Result<Verdict, Failure> {
    let bundle = options.place.open_or_build(options.file.as_deref())?;
    let trial = trial::run(&folder::engine()?, &bundle, options.seed)
        .map_err(|error| Failure::failed(folder::chain(&error), ""))?;
    match options.json {
        true => print_json(&trial, options.seed),
        false => {
            say::line(format_args!("{bundle:?}"));
            print(&trial, options.seed);
        }
    }
    Ok(Verdict::finding_if(!trial.passed()))
}

fn print(trial: &Trial, seed: u64) {
    for Check { name, finding } in &trial.checks {
        match finding {
            None => say::line(format_args!("ok      {name}")),
            Some(finding) => say::line(format_args!("FAILED  {name}\n        {finding}")),
        }
    }
    let failed = trial
        .checks
        .iter()
        .filter(|it| it.finding.is_some())
        .count();
    say::line(format_args!(
        "{} checks, {failed} failed; {} made-up events of seed {seed}",
        trial.checks.len(),
        say::count(trial::EVENTS as u64),
    ));
    for code in &trial.unshown {
        say::note(format_args!("note: no case expects the code {code}"));
    }
}

fn print_json(trial: &Trial, seed: u64) {
    let checks: Vec<_> = trial
        .checks
        .iter()
        .map(|Check { name, finding }| {
            json!({ "name": name, "ok": finding.is_none(), "finding": finding })
        })
        .collect();
    say::json(&json!({
        "ok": trial.passed(),
        "seed": seed,
        "checks": checks,
        "codes_without_case": trial.unshown,
    }));
}
