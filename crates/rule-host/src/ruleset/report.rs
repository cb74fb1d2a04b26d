//! What one fold noticed about its rules: what they cost, which faults they made, and where a
//! shadow would have decided otherwise. Counts nothing that the fold did not use.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_domain::{Code, Said, Verdict};
use plimsoll_telemetry::Metrics;

use super::Ruleset;
use crate::bundle::Digest;
use crate::fault::Fault;

/// What one fold noticed about its rules.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Faults behind answers that were used, in the order they came.
    pub faults: Vec<Faulted>,
    /// What each rule cost that was asked, once for each name.
    pub spent: Vec<Spent>,
    /// Verdicts behind answers that were used, but for those that accept, in the order they came.
    pub votes: Vec<Vote>,
    /// How many used answers would be others if a rule were not only a shadow, by its name.
    pub shadow_differences: Vec<(Arc<str>, u64)>,
}

/// What one rule said to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vote {
    /// Which question.
    pub question: u32,
    /// The rule's place.
    pub rule: u16,
    /// Whether it counted; otherwise it was only a shadow.
    pub enforced: bool,
    /// What it said. [`Ruleset::vote`] has it in words.
    pub verdict: Verdict,
}

/// One rule without a valid answer for one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faulted {
    /// Which question.
    pub question: u32,
    /// Which rule.
    pub said: Said,
    /// Its name.
    pub rule: Arc<str>,
    /// Its bundle.
    pub bundle: Digest,
    /// Whether it decided; otherwise it was only a shadow, and the event knows nothing of it.
    pub enforced: bool,
    /// What it did.
    pub fault: Fault,
}

/// What one rule cost in one fold, answers that were not used included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// Its name.
    pub bundle: Arc<str>,
    /// Fuel.
    pub fuel: u64,
    /// Time.
    pub duration: Duration,
    /// Questions.
    pub questions: u64,
}

impl Faulted {
    /// For people: which bundle did what.
    pub fn message(&self) -> String {
        format!("{} ({}): {}", self.rule, self.bundle, self.fault)
    }
}

impl Report {
    /// Shows it in the metrics of rules: once what it tells has been committed.
    pub fn count(&self, metrics: &Metrics) {
        let rules = metrics.rules();
        for spent in &self.spent {
            rules.asked(&spent.bundle, spent.duration, spent.fuel, spent.questions);
        }
        for faulted in &self.faults {
            rules.fault(&faulted.rule, faulted.fault.kind.name());
        }
        for (bundle, differences) in &self.shadow_differences {
            rules.shadow_differences(bundle, *differences);
        }
    }
}

/// What a judge notices while it asks, by the number of the binding.
#[derive(Debug)]
pub(super) struct Noticed {
    cost: Vec<Cost>,
    faults: Vec<(usize, u32, bool, Fault)>,
    votes: Vec<(usize, u32, bool, Verdict)>,
    differences: Vec<(usize, u32)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    fuel: u64,
    duration: Duration,
    questions: u64,
}

impl Noticed {
    /// Nothing yet about that many bindings.
    pub(super) fn about(bindings: usize) -> Noticed {
        Noticed {
            cost: vec![Cost::default(); bindings],
            faults: Vec::new(),
            votes: Vec::new(),
            differences: Vec::new(),
        }
    }

    pub(super) fn spent(&mut self, bound: usize, fuel: u64, duration: Duration, questions: usize) {
        let cost = &mut self.cost[bound];
        cost.fuel += fuel;
        cost.duration += duration;
        cost.questions += questions as u64;
    }

    pub(super) fn fault(&mut self, bound: usize, question: u32, enforced: bool, fault: Fault) {
        self.faults.push((bound, question, enforced, fault));
    }

    pub(super) fn vote(&mut self, bound: usize, question: u32, enforced: bool, verdict: Verdict) {
        self.votes.push((bound, question, enforced, verdict));
    }

    pub(super) fn difference(&mut self, bound: usize, question: u32) {
        self.differences.push((bound, question));
    }

    /// For the `used` ones of as many questions as were `asked`.
    pub(super) fn report(self, ruleset: &Ruleset, asked: u32, used: &[u32]) -> Report {
        let mut report = Report {
            spent: spent(ruleset, &self.cost),
            ..Report::default()
        };
        // Whatever is noticed is not an acceptance, and so a vote.
        if self.votes.is_empty() {
            return report;
        }
        let mut counts = vec![false; asked as usize];
        for &question in used {
            counts[question as usize] = true;
        }
        let vote = |(at, question, enforced, verdict): (usize, u32, bool, Verdict)| Vote {
            question,
            rule: ruleset.bound[at].place,
            enforced,
            verdict,
        };
        let votes = self.votes.into_iter().map(vote);
        report.votes = votes.filter(|it| counts[it.question as usize]).collect();
        let faults = self.faults.into_iter();
        report.faults = faults
            .filter(|(_, question, ..)| counts[*question as usize])
            .map(|fault| faulted(ruleset, fault))
            .collect();
        for (at, question) in self.differences {
            if counts[question as usize] {
                add(&mut report.shadow_differences, &ruleset.bound[at].name);
            }
        }
        report
    }
}

fn faulted(
    ruleset: &Ruleset,
    (at, question, enforced, fault): (usize, u32, bool, Fault),
) -> Faulted {
    let bound = &ruleset.bound[at];
    Faulted {
        question,
        said: Said {
            rule: bound.place,
            code: Code::Fault,
        },
        rule: Arc::clone(&bound.name),
        bundle: bound.rule.bundle().digest(),
        enforced,
        fault,
    }
}

/// Bindings of one name are one, as in the metrics.
fn spent(ruleset: &Ruleset, cost: &[Cost]) -> Vec<Spent> {
    let mut all: Vec<Spent> = Vec::new();
    let asked = ruleset
        .bound
        .iter()
        .zip(cost)
        .filter(|(_, cost)| cost.questions > 0);
    for (bound, cost) in asked {
        match all.iter_mut().find(|spent| spent.bundle == bound.name) {
            Some(spent) => {
                spent.fuel += cost.fuel;
                spent.duration += cost.duration;
                spent.questions += cost.questions;
            }
            None => all.push(Spent {
                bundle: Arc::clone(&bound.name),
                fuel: cost.fuel,
                duration: cost.duration,
                questions: cost.questions,
            }),
        }
    }
    all
}

fn add(counts: &mut Vec<(Arc<str>, u64)>, name: &Arc<str>) {
    match counts.iter_mut().find(|(known, _)| known == name) {
        Some((_, count)) => *count += 1,
        None => counts.push((Arc::clone(name), 1)),
    }
}
