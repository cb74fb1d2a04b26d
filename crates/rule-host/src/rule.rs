//! A rule that is ready, and the questions put to it. Each call has an instance of its own;
//! a batch with a fault is halved until the guilty rows stand alone. Remembers nothing.

mod call;

use std::ops::Range;
use std::time::{Duration, Instant};

use plimsoll_rule_abi::{Fact, Verdict};
use wasmtime::component::InstancePre;

use crate::Bundle;
use crate::engine::{Cap, Engine};
use crate::facts::Facts;
use crate::fault::{Fault, FaultKind};
use crate::inspect::Exported;

/// How long a rule may keep a fold from going on by its faults. A guilty row is found within
/// milliseconds, or some tenths of a second if the rule may burn a lot; one that faults everywhere, or
/// slowly, must not hold up the others.
const PATIENCE: Duration = Duration::from_secs(2);
/// Most fuel that the rows of one call may burn together: a dear rule is sent fewer rows. Lower: more
/// calls. Higher: a guilty row of a dear rule takes longer to find, and patience is over sooner.
const CALL_FUEL_MAX: u64 = 20_000_000;

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

/// What is left of our patience with one rule in one fold. When it is over, rows that are not
/// answered yet share the last fault.
#[derive(Debug)]
pub(crate) struct Patience {
    left: Duration,
    last: Option<Fault>,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            left: PATIENCE,
            last: None,
        }
    }
}

impl Patience {
    fn is_over(&self) -> Option<&Fault> {
        self.last.as_ref().filter(|_| self.left.is_zero())
    }

    fn spend(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }
}

impl Rule {
    /// What it was activated from.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// Rows of one call; longer batches are cut.
    pub(crate) fn rows_max(&self) -> usize {
        let rows = CALL_FUEL_MAX / self.bundle.manifest().budget.fuel_per_event;
        let rows = usize::try_from(rows).unwrap_or(usize::MAX).max(1);
        rows.min(self.engine.limits().rows_max)
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
        let rows: Vec<_> = batch.iter().collect();
        self.evaluate_with(&mut Patience::default(), &rows, parameters)
    }

    /// As [`Rule::evaluate`], about rows picked out of a batch, with what is left of our patience.
    pub(crate) fn evaluate_with(
        &self,
        patience: &mut Patience,
        batch: &[&Facts<'_>],
        parameters: &[i64],
    ) -> Result<Evaluation, Unavailable> {
        let reads = self.bundle.manifest().facts();
        let mut evaluation = Evaluation {
            answers: Vec::with_capacity(batch.len()),
            fuel: 0,
        };
        for rows in batch.chunks(self.rows_max()) {
            let mut cut = Cut {
                rule: self,
                reads: &reads,
                rows,
                parameters,
                patience: &mut *patience,
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
    rows: &'a [&'a Facts<'a>],
    parameters: &'a [i64],
    patience: &'a mut Patience,
    evaluation: &'a mut Evaluation,
}

impl Cut<'_> {
    /// Answers the rows of `range`, in order.
    fn judge(&mut self, range: Range<usize>) -> Result<(), Unavailable> {
        if let Some(fault) = self.patience.is_over().cloned() {
            self.blame(range, &fault);
            return Ok(());
        }
        let started = Instant::now();
        let called = self.call(range.clone())?;
        if called.is_err() || range.len() < self.rows.len() {
            self.patience.spend(started.elapsed());
        }
        let Err(fault) = called else {
            return Ok(());
        };
        self.patience.last = Some(fault.clone());
        if range.len() == 1 {
            self.blame(range, &fault);
            return Ok(());
        }
        let middle = range.start + range.len() / 2;
        self.judge(range.start..middle)?;
        self.judge(middle..range.end)
    }

    fn blame(&mut self, range: Range<usize>, fault: &Fault) {
        let answers = range.map(|_| Err(fault.clone()));
        self.evaluation.answers.extend(answers);
    }

    /// Calls, and once more if it was only late: the machine may have been busy.
    fn call(&mut self, range: Range<usize>) -> Result<Result<(), Fault>, Unavailable> {
        match self.call_once(range.clone())? {
            Err(fault) if fault.kind == FaultKind::Deadline && self.is_last(&range) => {
                self.call_once(range)
            }
            answered => Ok(answered),
        }
    }

    /// Whether a fault would stand: of a row alone, or of all rows before they are halved.
    fn is_last(&self, range: &Range<usize>) -> bool {
        range.len() == 1 || range.len() == self.rows.len()
    }

    fn call_once(&mut self, range: Range<usize>) -> Result<Result<(), Fault>, Unavailable> {
        let rows = &self.rows[range];
        let called = call::call(self.rule, self.reads, rows, self.parameters)?;
        self.evaluation.fuel += called.fuel;
        Ok(called.verdicts.map(|verdicts| {
            self.evaluation.answers.extend(verdicts.into_iter().map(Ok));
        }))
    }
}
