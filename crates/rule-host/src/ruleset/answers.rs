//! What each rule of a ruleset says about one event, one by one: for people who ask why. What
//! they say together is the judge's.

use std::sync::Arc;

use plimsoll_rule_abi::Verdict;

use super::{Bound, Ruleset};
use crate::bundle::Digest;
use crate::facts::Facts;
use crate::rule::Unavailable;

/// What one rule says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its name.
    pub rule: Arc<str>,
    /// Its bundle.
    pub bundle: Digest,
    /// Whether its answer counts for this SKU; otherwise it is only a shadow.
    pub enforced: bool,
    /// Its verdict with code and message, or its fault.
    pub says: String,
}

impl Ruleset {
    /// Asks every rule that selects the event, in order of priority.
    ///
    /// # Errors
    /// If a rule could not be asked, which says nothing about it.
    pub fn answers(&self, facts: &Facts<'_>) -> Result<Vec<Answer>, Unavailable> {
        let row = std::slice::from_ref(facts);
        let selecting = self.bound.iter().filter(|bound| {
            let selected = bound.selects.some_of(row);
            selected.is_none_or(|rows| !rows.is_empty())
        });
        selecting.map(|bound| bound.answer(row)).collect()
    }
}

impl Bound {
    fn answer(&self, row: &[Facts<'_>]) -> Result<Answer, Unavailable> {
        let mut answers = self.rule.evaluate(row, &self.parameters)?.answers;
        Ok(Answer {
            rule: Arc::clone(&self.name),
            bundle: self.rule.bundle().digest(),
            enforced: self.enforced.holds_for(row[0].sku),
            says: match answers.pop().expect("one row, one answer") {
                Ok(verdict) => self.told(verdict),
                Err(fault) => format!("fault: {fault}"),
            },
        })
    }

    fn told(&self, verdict: Verdict) -> String {
        let code = |number: u16| {
            let code = &self.manifest().codes[usize::from(number)];
            format!("{} ({})", code.name, code.message)
        };
        match verdict {
            Verdict::Accept => "accept".to_owned(),
            Verdict::Flag(number) => format!("flag {}", code(number)),
            Verdict::Clamp(units) => format!("clamp to {units}"),
            Verdict::Reject(number) => format!("reject {}", code(number)),
            Verdict::Park(number) => format!("park {}", code(number)),
        }
    }
}
