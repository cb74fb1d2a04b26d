//! The fold of one attempt under the ruleset that was active when it began, and the words that
//! its rows take from there. Decides nothing itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use plimsoll_domain::{
    Answered, Code, Event, Folded, Hold, Outcome, Policy, Question, Refusal, Said, Slot, fold,
    fold_asking,
};
use plimsoll_rule_host::ruleset::{Faulted, Vote};
use plimsoll_rule_host::{Facts, Report, Ruleset, Unavailable};
use plimsoll_telemetry::Traces;
use plimsoll_telemetry::traces::spans::{Cost, stage};

use crate::batch::Read;
use crate::clock;
use crate::locks::Sku;
use crate::rules::Lent;

/// A folded attempt.
pub(crate) struct Judged {
    pub(crate) rules: Arc<Ruleset>,
    pub(crate) folded: Folded,
    /// What was noticed about the rules.
    pub(crate) report: Report,
    /// What a rule did instead of answering, by the event that it was asked about.
    faults: BTreeMap<(u32, Said), String>,
    /// The first event that one in the shadow was asked about in vain, and what it did.
    pub(crate) shadow: Option<(u32, String)>,
    /// What rules said but acceptance, ascending by event; nothing where there are no traces.
    votes: Vec<(u32, Vote)>,
}

/// What is folded, under which rules.
pub(crate) struct Judging<'a> {
    pub(crate) rules: &'a Arc<Ruleset>,
    pub(crate) traces: &'a Traces,
    pub(crate) policy: &'a Policy,
    /// The names of the slots.
    pub(crate) skus: &'a [Sku],
    pub(crate) slots: Vec<Slot>,
    pub(crate) reads: Vec<&'a Read>,
}

impl Judging<'_> {
    /// Folds, knowing these identities.
    pub(crate) fn fold(&self, answered: &Answered) -> Result<Judged, Unavailable> {
        let _fold = stage("fold").entered();
        let events: Vec<Event> = self.reads.iter().map(|read| read.event).collect();
        if self.rules.is_silent() {
            return Ok(Judged {
                rules: Arc::clone(self.rules),
                folded: fold(&events, &self.slots, answered, self.policy),
                report: Report::default(),
                faults: BTreeMap::new(),
                shadow: None,
                votes: Vec::new(),
            });
        }
        // The rules take a while; whoever else waits for this thread goes to another.
        tokio::task::block_in_place(|| self.ask(&events, answered))
    }

    fn ask(&self, events: &[Event], answered: &Answered) -> Result<Judged, Unavailable> {
        let began = clock::now();
        let lent: Vec<Lent<'_>> = self.reads.iter().map(|read| self.lend(read)).collect();
        let mut judge = self.rules.judge();
        let mut asked = Vec::new();
        let ask = |questions: &[Question]| {
            asked.extend(questions.iter().map(|question| question.event));
            let facts = |question: &Question| lent[question.event as usize].meets(question.seen);
            let rows: Vec<Facts<'_>> = questions.iter().map(facts).collect();
            judge.ask(&rows)
        };
        let alike: Vec<u32> = lent.iter().map(Lent::likeness).collect();
        let folded = fold_asking(events, &self.slots, answered, self.policy, &alike, ask)?;
        let report = judge.report(&folded.used);
        let costs = report.spent.iter().map(|spent| Cost {
            rule: &spent.bundle,
            questions: spent.questions,
            fuel: spent.fuel,
            duration: spent.duration,
        });
        self.traces.rules(began, costs);
        let event_of = |fault: &Faulted| asked[fault.question as usize];
        let faults = report.faults.iter();
        let faults = faults.map(|fault| ((event_of(fault), fault.said), fault.message()));
        let shadows = report.faults.iter().filter(|fault| !fault.enforced);
        let shadow = shadows.min_by_key(|fault| event_of(fault));
        let shadow = shadow.map(|fault| (event_of(fault), fault.message()));
        let told = if self.traces.are_on() {
            &report.votes[..]
        } else {
            &[]
        };
        let votes = told.iter();
        let votes = votes.map(|vote| (asked[vote.question as usize], *vote));
        let mut votes: Vec<(u32, Vote)> = votes.collect();
        votes.sort_by_key(|&(event, _)| event);
        Ok(Judged {
            rules: Arc::clone(self.rules),
            votes,
            faults: faults.collect(),
            shadow,
            folded,
            report,
        })
    }

    fn lend<'a>(&'a self, read: &'a Read) -> Lent<'a> {
        let Event {
            slot, kind, nature, ..
        } = read.event;
        let sku = &self.skus[slot as usize];
        Lent::of(sku, kind, nature, read.occurred_ms, read.facts.as_deref())
    }
}

/// Columns of a row that tell why.
pub(crate) struct Why<'a> {
    pub(crate) code: &'a str,
    /// The rule's name, if it was one.
    pub(crate) rule: Option<&'a str>,
    pub(crate) detail: Option<String>,
}

impl Judged {
    /// An outcome and its code, in the words of tables and metrics.
    pub(crate) fn labels(&self, outcome: &Outcome) -> (&'static str, &str) {
        let own = |said| self.rules.code(said);
        match outcome {
            Outcome::Movement { .. } => ("applied", ""),
            Outcome::Refused { refusal, .. } => (refusal.outcome(), refusal.code(own)),
            Outcome::Parked { hold, .. } => ("parked", hold.code(own)),
        }
    }

    /// Why the event of this number was refused.
    pub(crate) fn why_refused(&self, event: u32, refusal: Refusal) -> Why<'_> {
        self.why(
            event,
            refusal.code(|said| self.rules.code(said)),
            refusal.said(),
        )
    }

    /// Why it waits.
    pub(crate) fn why_parked(&self, event: u32, hold: Hold) -> Why<'_> {
        self.why(event, hold.code(|said| self.rules.code(said)), hold.said())
    }

    fn why<'a>(&'a self, event: u32, code: &'a str, said: Option<Said>) -> Why<'a> {
        Why {
            code,
            rule: said.map(|said| self.rules.rule(said)),
            detail: said.map(|said| {
                let fault = self.faults.get(&(event, said)).cloned();
                fault.unwrap_or_else(|| self.rules.message(said))
            }),
        }
    }

    /// Whether a rule gave no valid answer about the event of this number, be it only a shadow.
    pub(crate) fn has_fault(&self, event: u32) -> bool {
        let first = Said {
            rule: 0,
            code: Code::Own(0),
        };
        let mut from = self.faults.range((event, first)..);
        from.next().is_some_and(|(&(of, _), _)| of == event)
    }

    /// What rules said about the event of this number, in words; those that are not named accepted
    /// it, or were not asked.
    pub(crate) fn votes(&self, event: u32) -> impl Iterator<Item = String> {
        of_event(&self.votes, event).map(|vote| self.rules.vote(vote))
    }

    /// What rules mark on the event of this number.
    pub(crate) fn flags(&self, event: u32) -> impl Iterator<Item = &str> {
        of_event(&self.folded.flags, event).map(|&said| self.rules.code(said))
    }
}

/// What is said of one event, of what ascends by event.
fn of_event<T>(all: &[(u32, T)], event: u32) -> impl Iterator<Item = &T> {
    let first = all.partition_point(|&(other, _)| other < event);
    let of = all[first..].iter().take_while(move |it| it.0 == event);
    of.map(|(_, said)| said)
}
