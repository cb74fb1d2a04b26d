//! The questions of one fold, put to a ruleset. What is enforced decides; what is only a shadow
//! is asked, too, and compared. Does not know which answers the fold will use.

use std::time::Instant;

use plimsoll_domain::{Code, Combined, Nature, Verdict, combine};

use super::report::{Noticed, Report};
use super::{Bound, OnFault, Ruleset};
use crate::facts::Facts;
use crate::fault::Fault;
use crate::rule::{Patience, Unavailable};

/// Asks one ruleset all questions of one fold, which are numbered from 0, and remembers what
/// it noticed.
#[derive(Debug)]
pub struct Judge<'a> {
    ruleset: &'a Ruleset,
    /// Questions answered so far.
    asked: u32,
    noticed: Noticed,
    /// With each binding.
    patience: Vec<Patience>,
    /// Of each row of this ask the verdicts that count, one for each place of the ruleset.
    verdicts: Vec<Verdict>,
    /// Verdicts of this ask that do not count, but are not the same as none.
    shadows: Vec<Shadow>,
}

#[derive(Debug)]
struct Shadow {
    row: usize,
    /// Which of the bindings that are asked.
    bound: usize,
    verdict: Verdict,
}

impl<'a> Judge<'a> {
    pub(super) fn new(ruleset: &'a Ruleset) -> Judge<'a> {
        Judge {
            ruleset,
            asked: 0,
            noticed: Noticed::about(ruleset.bound.len()),
            patience: ruleset.bound.iter().map(|_| Patience::default()).collect(),
            verdicts: Vec::new(),
            shadows: Vec::new(),
        }
    }

    /// Asks about each row the rules that select it, and combines their answers.
    ///
    /// # Errors
    /// If a rule could not be asked, which says nothing about it: the fold has to start again.
    pub fn ask(&mut self, rows: &[Facts<'_>]) -> Result<Vec<Combined>, Unavailable> {
        let places = self.ruleset.places;
        self.verdicts.clear();
        self.verdicts.resize(rows.len() * places, Verdict::Accept);
        self.shadows.clear();
        let all: Vec<_> = rows.iter().collect();
        for (at, bound) in self.ruleset.bound.iter().enumerate() {
            match bound.selects.some_of(rows) {
                None => self.put(at, bound, &all, |row| row)?,
                Some(selected) if selected.is_empty() => {}
                Some(selected) => {
                    let some: Vec<_> = selected.iter().map(|&row| &rows[row]).collect();
                    self.put(at, bound, &some, |row| selected[row])?;
                }
            }
        }
        let answers: Vec<_> = (0..rows.len())
            .map(|row| self.combined(row, &rows[row]))
            .collect();
        self.compare(rows, &answers);
        self.asked += u32::try_from(rows.len()).expect("a fold asks fewer than 2^32 questions");
        Ok(answers)
    }

    /// What was noticed, of those questions whose answers were used. What was spent counts
    /// whether they were or not.
    ///
    /// # Panics
    /// If a question is used that was never asked.
    pub fn report(self, used: &[u32]) -> Report {
        self.noticed.report(self.ruleset, self.asked, used)
    }

    /// Puts the rows that a binding selects to its rule; `whole` finds them among all.
    fn put(
        &mut self,
        at: usize,
        bound: &Bound,
        rows: &[&Facts<'_>],
        whole: impl Fn(usize) -> usize,
    ) -> Result<(), Unavailable> {
        let started = Instant::now();
        let patience = &mut self.patience[at];
        let evaluation = bound
            .rule
            .evaluate_with(patience, rows, &bound.parameters)?;
        self.noticed
            .spent(at, evaluation.fuel, started.elapsed(), rows.len());
        for (row, answer) in evaluation.answers.into_iter().enumerate() {
            if let Ok(plimsoll_rule_abi::Verdict::Accept) = answer {
                continue;
            }
            let (facts, row) = (rows[row], whole(row));
            let enforced = bound.enforced.holds_for(facts.sku);
            let verdict = match answer {
                Ok(verdict) => domain(verdict),
                Err(fault) => self.fault(at, bound, row, enforced, facts.nature, fault),
            };
            self.noticed.vote(at, self.question(row), enforced, verdict);
            if enforced {
                let first = row * self.ruleset.places;
                self.verdicts[first + usize::from(bound.place)] = verdict;
            } else {
                self.shadows.push(Shadow {
                    row,
                    bound: at,
                    verdict,
                });
            }
        }
        Ok(())
    }

    fn fault(
        &mut self,
        at: usize,
        bound: &Bound,
        row: usize,
        enforced: bool,
        nature: Nature,
        fault: Fault,
    ) -> Verdict {
        self.noticed.fault(at, self.question(row), enforced, fault);
        match (bound.on_fault, nature) {
            (OnFault::Reject, Nature::Intent) => Verdict::Reject(Code::Fault),
            (OnFault::Reject, Nature::Fact) | (OnFault::Park, _) => Verdict::Park(Code::Fault),
        }
    }

    fn combined(&self, row: usize, facts: &Facts<'_>) -> Combined {
        let first = row * self.ruleset.places;
        let verdicts = &self.verdicts[first..first + self.ruleset.places];
        combine(facts.nature, facts.change(), verdicts)
    }

    /// Notices each shadow that would make another answer if it, and no other one, counted.
    fn compare(&mut self, rows: &[Facts<'_>], answers: &[Combined]) {
        for shadow in std::mem::take(&mut self.shadows) {
            let place = usize::from(self.ruleset.bound[shadow.bound].place);
            let at = shadow.row * self.ruleset.places + place;
            self.verdicts[at] = shadow.verdict;
            let would = self.combined(shadow.row, &rows[shadow.row]);
            self.verdicts[at] = Verdict::Accept;
            if would != answers[shadow.row] {
                let question = self.question(shadow.row);
                self.noticed.difference(shadow.bound, question);
            }
        }
    }

    /// The number of a row's question.
    fn question(&self, row: usize) -> u32 {
        self.asked + u32::try_from(row).expect("a fold asks fewer than 2^32 questions")
    }
}

fn domain(verdict: plimsoll_rule_abi::Verdict) -> Verdict {
    match verdict {
        plimsoll_rule_abi::Verdict::Accept => Verdict::Accept,
        plimsoll_rule_abi::Verdict::Flag(code) => Verdict::Flag(Code::Own(code)),
        plimsoll_rule_abi::Verdict::Clamp(units) => Verdict::Clamp(units),
        plimsoll_rule_abi::Verdict::Reject(code) => Verdict::Reject(Code::Own(code)),
        plimsoll_rule_abi::Verdict::Park(code) => Verdict::Park(Code::Own(code)),
    }
}
