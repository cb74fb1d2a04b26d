//! A rule that is ready, and the questions put to it. Each call has an instance of its own;
//! a batch with a fault is halved until the guilty rows stand alone. Remembers nothing.

mod call;

use std::ops::Range;

use plimsoll_rule_abi::{Fact, Verdict};
use wasmtime::component::InstancePre;

use crate::Bundle;
use crate::engine::{Cap, Engine};
use crate::facts::Facts;
use crate::fault::{Fault, FaultKind};
use crate::inspect::Exported;

/// Most calls spent on one cut of a batch: enough to find three guilty rows of a thousand.
const CALLS_MAX: usize = 64;

/// A bundle that is compiled and passed its own cases.
#[derive(Clone)]
pub struct Rule {
    pub(crate) engine: Engine,
    pub(crate) bundle: Bundle,
    pub(crate) pre: InstancePre<Cap>,
    pub(crate) exported: Exported,
}

impl std::fmt::Debug for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rule")
            .field("bundle", &self.bundle)
            .finish_non_exhaustive()
    }
}

/// A batch as one rule judged it.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// One for each event, in the order given.
    pub answers: Vec<Result<Verdict, Fault>>,
    /// Fuel burnt, calls that were repeated included.
    pub fuel: u64,
}

/// What outside the rule kept it from being asked: no instance is left, or no memory.
#[derive(Debug, thiserror::Error)]
#[error("cannot run a rule")]
pub struct Unavailable(#[source] pub(crate) wasmtime::Error);

impl Rule {
    /// What it was activated from.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Asks about every event of a batch. `parameters` follow the order of the manifest and
    /// are inside its ranges: see [`crate::bundle::Manifest::parameters`].
    ///
    /// # Errors
    /// If the rule could not be asked, which says nothing about it.
    pub fn evaluate(
        &self,
        batch: &[Facts<'_>],
        parameters: &[i64],
    ) -> Result<Evaluation, Unavailable> {
        let reads = self.bundle.manifest().facts();
        let mut evaluation = Evaluation {
            answers: Vec::with_capacity(batch.len()),
            fuel: 0,
        };
        for rows in batch.chunks(self.engine.limits().rows_max) {
            let mut cut = Cut {
                rule: self,
                reads: &reads,
                rows,
                parameters,
                calls: 0,
                evaluation: &mut evaluation,
            };
            cut.judge(0..rows.len())?;
        }
        Ok(evaluation)
    }
}

/// One cut of a batch: the rows of one call, as long as nothing goes wrong.
struct Cut<'a> {
    rule: &'a Rule,
    reads: &'a [Fact<'a>],
    rows: &'a [Facts<'a>],
    parameters: &'a [i64],
    calls: usize,
    evaluation: &'a mut Evaluation,
}

impl Cut<'_> {
    /// Answers the rows of `range`, in order.
    fn judge(&mut self, range: Range<usize>) -> Result<(), Unavailable> {
        let fault = match self.call(range.clone())? {
            Ok(()) => return Ok(()),
            Err(fault) => fault,
        };
        if range.len() == 1 || self.calls >= CALLS_MAX {
            let answers = range.map(|_| Err(fault.clone()));
            self.evaluation.answers.extend(answers);
            return Ok(());
        }
        let middle = range.start + range.len() / 2;
        self.judge(range.start..middle)?;
        self.judge(middle..range.end)
    }

    /// Calls, and once more if it was only late: the machine may have been busy.
    fn call(&mut self, range: Range<usize>) -> Result<Result<(), Fault>, Unavailable> {
        match self.call_once(range.clone())? {
            Err(fault) if fault.kind == FaultKind::Deadline => self.call_once(range),
            answered => Ok(answered),
        }
    }

    fn call_once(&mut self, range: Range<usize>) -> Result<Result<(), Fault>, Unavailable> {
        self.calls += 1;
        let rows = &self.rows[range];
        let called = call::call(self.rule, self.reads, rows, self.parameters)?;
        self.evaluation.fuel += called.fuel;
        Ok(called.verdicts.map(|verdicts| {
            self.evaluation.answers.extend(verdicts.into_iter().map(Ok));
        }))
    }
}
