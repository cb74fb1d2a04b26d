//! The same made-up events, put to a rule in several ways that must make no difference.

use super::Check;
use crate::author::events::{self, Event};
use crate::author::random::Random;
use crate::bundle::{Bundle, Expected};
use crate::fault::Fault;
use crate::rule::{Rule, Unavailable};
use crate::{Facts, Verdict};

/// Parameters that are tried: the defaults, then others in their ranges.
const PARAMETER_SETS: usize = 8;
/// Events with each of them: more than one call takes, so that the service's own cut is tried, too.
pub const EVENTS: usize = 1_500;
/// Longest piece that a batch is split into.
const PIECE_MAX: usize = 40;

const PROMISES: [&str; 4] = [
    "every event is answered",
    "asked twice, it gives the same verdicts and burns the same fuel",
    "in another order, it gives the same verdicts",
    "in smaller batches, it gives the same verdicts",
];

type Answer = Result<Verdict, Fault>;
/// For each promise, what breaks it.
type Findings = [Option<String>; PROMISES.len()];

/// Each promise with the first event that breaks it.
pub(super) fn tried(
    rule: &Rule,
    bundle: &Bundle,
    random: &mut Random,
) -> Result<Vec<Check>, Unavailable> {
    let manifest = bundle.manifest();
    let events = events::events(bundle, random, EVENTS);
    let mut findings = Findings::default();
    for set in 0..PARAMETER_SETS {
        let parameters = match set {
            0 => manifest.parameters.iter().map(|it| it.default).collect(),
            _ => events::parameters(manifest, random),
        };
        let question = Question {
            rule,
            events: &events,
            batch: events.iter().map(Event::facts).collect(),
            parameters,
        };
        for (first, found) in findings.iter_mut().zip(question.differences(random)?) {
            *first = first.take().or(found);
        }
    }
    let both = PROMISES.into_iter().zip(findings);
    let checks = both.map(|(name, finding)| Check {
        name: name.to_owned(),
        finding,
    });
    Ok(checks.collect())
}

/// Events and the parameters to judge them with.
struct Question<'a> {
    rule: &'a Rule,
    events: &'a [Event],
    batch: Vec<Facts<'a>>,
    parameters: Vec<i64>,
}

impl Question<'_> {
    fn differences(&self, random: &mut Random) -> Result<Findings, Unavailable> {
        let first = self.rule.evaluate(&self.batch, &self.parameters)?;
        if let Some(at) = first.answers.iter().position(Result::is_err) {
            // What follows a fault is asked again in halves, and says nothing about the others.
            let fault = self.told(at, &self.named(&first.answers[at]));
            return Ok([Some(fault), None, None, None]);
        }
        let again = self.rule.evaluate(&self.batch, &self.parameters)?;
        let fuel =
            (first.fuel != again.fuel).then(|| format!("{} fuel, then {}", first.fuel, again.fuel));
        let answers = &first.answers;
        Ok([
            None,
            self.compared(answers, &again.answers).or(fuel),
            self.compared(answers, &self.permuted(random)?),
            self.compared(answers, &self.split(random)?),
        ])
    }

    /// Answers in the order of the batch, asked for in another.
    fn permuted(&self, random: &mut Random) -> Result<Vec<Answer>, Unavailable> {
        let mut order: Vec<usize> = (0..self.batch.len()).collect();
        random.shuffle(&mut order);
        let rows: Vec<Facts<'_>> = order.iter().map(|at| self.batch[*at]).collect();
        let asked = self.rule.evaluate(&rows, &self.parameters)?;
        let mut answers: Vec<_> = order.into_iter().zip(asked.answers).collect();
        answers.sort_by_key(|(at, _)| *at);
        Ok(answers.into_iter().map(|(_, answer)| answer).collect())
    }

    /// Answers of the batch, asked for piece by piece.
    fn split(&self, random: &mut Random) -> Result<Vec<Answer>, Unavailable> {
        let mut answers = Vec::with_capacity(self.batch.len());
        while answers.len() < self.batch.len() {
            let rest = &self.batch[answers.len()..];
            let length = (1 + random.below(PIECE_MAX)).min(rest.len());
            let asked = self.rule.evaluate(&rest[..length], &self.parameters)?;
            answers.extend(asked.answers);
        }
        Ok(answers)
    }

    fn compared(&self, one: &[Answer], other: &[Answer]) -> Option<String> {
        let mut both = one.iter().zip(other);
        let at = both.position(|(one, other)| one != other)?;
        let (one, other) = (self.named(&one[at]), self.named(&other[at]));
        Some(self.told(at, &format!("{one}, then {other}")))
    }

    /// An answer with its code by name.
    fn named(&self, answer: &Answer) -> String {
        match answer {
            Ok(verdict) => format!(
                "{:?}",
                Expected::of(*verdict, self.rule.bundle().manifest())
            ),
            Err(fault) => fault.to_string(),
        }
    }

    fn told(&self, at: usize, what: &str) -> String {
        let (event, parameters) = (&self.events[at], &self.parameters);
        format!("{what}, for {event}, with parameters {parameters:?}")
    }
}
