//! Rules active together: who is asked, whose answer counts, and what a person reads.

mod documents;
mod failing;
mod laws;
mod modes;
mod selectors;

use std::collections::HashMap;

use plimsoll_domain::{Combined, Decision};
use plimsoll_rule_host::ruleset::{Binding, Error, Mode};
use plimsoll_rule_host::{Document, Facts, Report, Rule, Ruleset};

/// A binding that decides about everything.
fn enforced(rule: &Rule) -> Binding {
    in_mode(rule, Mode::Enforce)
}

fn in_mode(rule: &Rule, mode: Mode) -> Binding {
    Binding {
        bundle: rule.bundle().digest(),
        mode,
        priority: 0,
        parameters: Default::default(),
        select: Default::default(),
        on_fault: Default::default(),
    }
}

fn assembled(rules: &[Rule], bindings: Vec<Binding>) -> Result<Ruleset, Error> {
    let known: HashMap<_, _> = rules
        .iter()
        .map(|rule| (rule.bundle().digest(), rule.clone()))
        .collect();
    Ruleset::assemble(7, &Document { rules: bindings }, &known)
}

fn ruleset(rules: &[Rule], bindings: Vec<Binding>) -> Ruleset {
    assembled(rules, bindings).expect("nothing is wrong with it")
}

/// All answers of one ask, and the report if all of them are used.
fn asked(ruleset: &Ruleset, rows: &[Facts<'_>]) -> (Vec<Combined>, Report) {
    let mut judge = ruleset.judge();
    let answers = judge.ask(rows).expect("asked");
    let used: Vec<_> = (0..).take(rows.len()).collect();
    (answers, judge.report(&used))
}

/// What one answer would put into the database.
fn written(ruleset: &Ruleset, combined: &Combined) -> String {
    let named = |said| format!("{}:{}", ruleset.rule(said), ruleset.code(said));
    let decision = match combined.decision {
        Decision::Accept => "accept".into(),
        Decision::Clamp(units) => format!("clamp {units}"),
        Decision::Reject(said) => format!("reject {}", named(said)),
        Decision::Park(said) => format!("park {}", named(said)),
    };
    let flags = combined
        .flags
        .iter()
        .map(|&said| format!(" +{}", named(said)));
    decision + &flags.collect::<String>()
}

/// The error and all reasons behind it, as a person would read them.
fn reason(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    let causes: String = causes.map(|cause| format!(": {cause}")).collect();
    format!("{error}{causes}")
}
