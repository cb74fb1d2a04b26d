//! What rules answer about one event, and how the answers of several become one. Knows no
//! rule, no text and no WebAssembly: a rule is its place in the ruleset, a code a number.

#[cfg(test)]
mod tests;

use crate::Nature;

/// One rule's answer for one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing against it.
    Accept,
    /// Nothing against it, but mark it.
    Flag(Code),
    /// Take this many units instead of all that was asked: from 0 to that, of a decrease only.
    Clamp(i64),
    /// Refuse it.
    Reject(Code),
    /// Let it wait for a person, and every later event of its SKU behind it.
    Park(Code),
}

/// Why, as a number inside the rule; or for a reason that every rule shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// One of the rule's own, in the order of its manifest.
    Own(u16),
    /// The rule lets only a part of it pass, or nothing at all.
    Clamped,
    /// The rule gave no valid answer.
    Fault,
}

/// A code, and the rule that it is from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Said {
    /// The rule's place in the order of priority, from 0.
    pub rule: u16,
    /// Why.
    pub code: Code,
}

/// What all rules together say about one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Combined {
    /// What is to become of it.
    pub decision: Decision,
    /// What is marked on its row, in order of priority.
    pub flags: Vec<Said>,
}

/// What rules decide, in order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It waits.
    Park(Said),
    /// It is refused.
    Reject(Said),
    /// Only this many units of the decrease are taken: more than 0, fewer than asked.
    Clamp(i64),
    /// It is applied as asked.
    Accept,
}

/// Combines the verdicts of all rules that were asked, in order of priority, about an event
/// that would add `change` units.
///
/// Park beats reject beats the smallest clamp beats accept; among equals the first is shown.
/// A clamp to 0 is a rejection; one that takes all that was asked changes nothing; one that
/// takes a part leaves a mark. What already happened is never refused: rejections and clamps
/// of a fact are marks.
pub fn combine(nature: Nature, change: i64, verdicts: &[Verdict]) -> Combined {
    let mut combined = Combined {
        decision: Decision::Accept,
        flags: Vec::new(),
    };
    for (rule, &verdict) in (0..).zip(verdicts) {
        combined.add(rule, nature, change, verdict);
    }
    combined
}

impl Combined {
    fn add(&mut self, rule: u16, nature: Nature, change: i64, verdict: Verdict) {
        let said = |code| Said { rule, code };
        let clamped = said(Code::Clamped);
        match (verdict, nature) {
            (Verdict::Accept, _) => {}
            (Verdict::Flag(code), _) => self.flags.push(said(code)),
            (Verdict::Park(code), _) => self.settle(Decision::Park(said(code))),
            (Verdict::Reject(code), Nature::Fact) => self.flags.push(said(code)),
            (Verdict::Reject(code), Nature::Intent) => self.settle(Decision::Reject(said(code))),
            (Verdict::Clamp(units), _) if takes_all(units, change) => {}
            (Verdict::Clamp(_), Nature::Fact) => self.flags.push(clamped),
            (Verdict::Clamp(0), Nature::Intent) => self.settle(Decision::Reject(clamped)),
            (Verdict::Clamp(units), Nature::Intent) => {
                self.flags.push(clamped);
                self.settle(Decision::Clamp(units));
            }
        }
    }

    /// Keeps what takes precedence; of two that do equally, the first.
    fn settle(&mut self, decision: Decision) {
        if decision.precedence() < self.decision.precedence() {
            self.decision = decision;
        }
    }
}

impl Decision {
    /// The lowest is done. Of two clamps that is the smaller.
    fn precedence(self) -> (u8, i64) {
        match self {
            Decision::Park(_) => (0, 0),
            Decision::Reject(_) => (1, 0),
            Decision::Clamp(units) => (2, units),
            Decision::Accept => (3, 0),
        }
    }
}

fn takes_all(units: i64, change: i64) -> bool {
    units.unsigned_abs() >= change.unsigned_abs()
}
