//! Several rules active together, ready to be asked: one revision, which never changes. Knows
//! neither where it is stored nor who follows whom.

mod answers;
mod document;
mod error;
mod judge;
mod mode;
mod pattern;
mod report;
mod selector;

use std::collections::HashMap;
use std::sync::Arc;

use plimsoll_domain::{Code, Said, Verdict};

pub use answers::Answer;
pub use document::{BINDINGS_MAX, Binding, Document, OnFault};
pub use error::{Error, Wrong};
pub use judge::Judge;
pub use mode::{Mode, ModeError};
pub use report::{Faulted, Report, Spent, Vote};
pub use selector::Selector;

use crate::bundle::{Digest, Manifest, ManifestError};
use crate::rule::Rule;
use mode::Enforced;
use selector::Selects;

/// What people read where a rule lets only a part pass.
const CLAMPED: &str = "the rule lets only a part of it pass, or nothing";
/// What people read where a rule gave no valid answer and nobody kept why.
const FAULT: &str = "the rule gave no valid answer";

/// Rules active together, in order of priority.
#[derive(Debug)]
pub struct Ruleset {
    revision: i32,
    digest: Digest,
    /// Places in the order of priority, those of bindings that are off included.
    places: usize,
    bound: Vec<Bound>,
}

/// A binding that is asked.
#[derive(Debug)]
struct Bound {
    place: u16,
    rule: Rule,
    name: Arc<str>,
    parameters: Vec<i64>,
    selects: Selects,
    enforced: Enforced,
    on_fault: OnFault,
}

impl Ruleset {
    /// Revision 0, which asks nobody.
    pub fn none() -> Ruleset {
        let document = Document::default();
        Ruleset::assemble(0, &document, &HashMap::new()).expect("there is nothing to refuse")
    }

    /// Binds the rules of `document`. Those that are off need no bundle.
    ///
    /// # Errors
    /// The first binding, in the order written, that cannot be.
    pub fn assemble(
        revision: i32,
        document: &Document,
        rules: &HashMap<Digest, Rule>,
    ) -> Result<Ruleset, Error> {
        document.check()?;
        let mut bound = HashMap::new();
        for at in 0..document.rules.len() {
            bound.extend(Bound::of(document, at, rules)?.map(|bound| (at, bound)));
        }
        let order = (0..).zip(document.order());
        let placed = order.filter_map(|(place, at)| {
            let bound = bound.remove(&at)?;
            Some(Bound { place, ..bound })
        });
        Ok(Ruleset {
            revision,
            digest: document.digest(),
            bound: placed.collect(),
            places: document.rules.len(),
        })
    }

    /// Its number.
    pub fn revision(&self) -> i32 {
        self.revision
    }

    /// The digest of its document.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether nobody would be asked about anything.
    pub fn is_silent(&self) -> bool {
        self.bound.is_empty()
    }

    /// Somebody who asks it about the events of one batch.
    pub fn judge(&self) -> Judge<'_> {
        Judge::new(self)
    }

    /// The name of the bundle that said it.
    ///
    /// # Panics
    /// If another ruleset's rule said it.
    pub fn rule(&self, said: Said) -> &str {
        &self.bound(said).name
    }

    /// The bundle that said it.
    ///
    /// # Panics
    /// If another ruleset's rule said it.
    pub fn bundle(&self, said: Said) -> Digest {
        self.bound(said).rule.bundle().digest()
    }

    /// The code's name: the rule's own, `clamped` or `rule_fault`.
    ///
    /// # Panics
    /// If another ruleset's rule said it.
    pub fn code(&self, said: Said) -> &str {
        match said.code {
            Code::Own(code) => &self.bound(said).manifest().codes[usize::from(code)].name,
            Code::Clamped => "clamped",
            Code::Fault => "rule_fault",
        }
    }

    /// What people read about the code. More about a fault is in [`Faulted::message`].
    ///
    /// # Panics
    /// If another ruleset's rule said it.
    pub fn message(&self, said: Said) -> String {
        match said.code {
            Code::Own(code) => self.bound(said).manifest().codes[usize::from(code)]
                .message
                .clone(),
            Code::Clamped => CLAMPED.into(),
            Code::Fault => FAULT.into(),
        }
    }

    /// A vote in words: `no-negative-stock: reject insufficient_stock`.
    ///
    /// # Panics
    /// If it is another ruleset's.
    pub fn vote(&self, vote: &Vote) -> String {
        let said = |code| Said {
            rule: vote.rule,
            code,
        };
        let code = |code| self.code(said(code));
        let verdict = match vote.verdict {
            Verdict::Accept => "accept".to_owned(),
            Verdict::Flag(it) => format!("flag {}", code(it)),
            Verdict::Clamp(units) => format!("clamp {units}"),
            Verdict::Reject(it) => format!("reject {}", code(it)),
            Verdict::Park(it) => format!("park {}", code(it)),
        };
        let shadow = if vote.enforced { "" } else { " (shadow)" };
        format!("{}{shadow}: {verdict}", self.rule(said(Code::Clamped)))
    }

    fn bound(&self, said: Said) -> &Bound {
        let mut bound = self.bound.iter();
        bound
            .find(|bound| bound.place == said.rule)
            .expect("only a rule that was asked says something")
    }
}

impl Bound {
    /// The binding `at` this place of the document; nothing if it is off.
    fn of(
        document: &Document,
        at: usize,
        rules: &HashMap<Digest, Rule>,
    ) -> Result<Option<Bound>, Error> {
        let binding = &document.rules[at];
        let before = document.before(at);
        let Some(enforced) = Enforced::of(binding.mode, binding.bundle, before) else {
            return Ok(None);
        };
        let rule = rules.get(&binding.bundle);
        let rule = rule.ok_or_else(|| binding.error(at, None, Wrong::Bundle))?;
        let manifest = rule.bundle().manifest();
        let parameters = parameters(manifest, binding)
            .map_err(|wrong| binding.error(at, Some(&manifest.name), wrong))?;
        Ok(Some(Bound {
            place: 0,
            rule: rule.clone(),
            name: manifest.name.as_str().into(),
            parameters,
            selects: Selects::compile(&binding.select),
            enforced,
            on_fault: binding.on_fault,
        }))
    }

    fn manifest(&self) -> &Manifest {
        self.rule.bundle().manifest()
    }
}

fn parameters(manifest: &Manifest, binding: &Binding) -> Result<Vec<i64>, Wrong> {
    let set = manifest.parameters(&binding.parameters);
    set.map_err(|error| match error {
        ManifestError::Parameter(name) => {
            let known = manifest.parameters.iter();
            let known: Vec<_> = known.map(|known| format!("`{}`", known.name)).collect();
            let known = match known.is_empty() {
                true => "none".into(),
                false => known.join(", "),
            };
            Wrong::Parameter { name, known }
        }
        other => Wrong::Range(other),
    })
}
