//! A ruleset as people write it: which bundles decide, about what, with which numbers. Read
//! from TOML, stored as JSON, named by its digest. Knows no rule, only what it is called.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Mode;
use super::error::{Error, Wrong};
use super::selector::Selector;
use crate::Digest;

/// Most bindings of one ruleset: each event may be put to each of them.
pub const BINDINGS_MAX: usize = 32;

/// A ruleset as people write it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// Which rules are asked; none is a ruleset, too.
    #[serde(default)]
    pub rules: Vec<Binding>,
}

/// One bundle at work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binding {
    /// Which bundle.
    pub bundle: Digest,
    /// Whether its answers count.
    pub mode: Mode,
    /// Where its answers are shown among others: lower first, and in the order written among
    /// equals. It does not change what is decided.
    #[serde(default, skip_serializing_if = "is_default")]
    pub priority: i32,
    /// Parameters that are not at their default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub parameters: BTreeMap<String, i64>,
    /// What it is asked about; everything unless it says otherwise.
    #[serde(default, skip_serializing_if = "is_default")]
    pub select: Selector,
    /// What becomes of an event for which it gives no valid answer.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_fault: OnFault,
}

/// What becomes of an event for which a rule gives no valid answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFault {
    /// It waits for a person, and every later event of its SKU behind it.
    #[default]
    Park,
    /// An intent is refused; a fact waits all the same.
    Reject,
}

impl Document {
    /// Reads what a person wrote.
    ///
    /// # Errors
    /// If it is no ruleset; the text says where.
    pub fn from_toml(text: &str) -> Result<Document, Error> {
        let document: Document = toml::from_str(text).map_err(Error::Toml)?;
        document.check()?;
        Ok(document)
    }

    /// Reads what was stored.
    ///
    /// # Errors
    /// If it is no ruleset.
    pub fn from_json(json: &[u8]) -> Result<Document, Error> {
        let document: Document = serde_json::from_slice(json).map_err(Error::Json)?;
        document.check()?;
        Ok(document)
    }

    /// Its one canonical text: fields in a fixed order, names sorted, no spaces, and nothing
    /// that is at its default, so that a field which is added later changes no digest.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("names are text and values are plain")
    }

    /// What names it: SHA-256 over its canonical text.
    pub fn digest(&self) -> Digest {
        let mut all = Sha256::new();
        all.update(b"plimsoll-ruleset-1\0");
        all.update(self.to_json());
        Digest(all.finalize().into())
    }

    /// Whether it makes sense without its bundles.
    ///
    /// # Errors
    /// The first rule that does not.
    pub fn check(&self) -> Result<(), Error> {
        if self.rules.len() > BINDINGS_MAX {
            return Err(Error::Many(self.rules.len()));
        }
        for (at, binding) in self.rules.iter().enumerate() {
            let checked = binding.mode.check().and_then(|()| binding.select.check());
            checked.map_err(|wrong| binding.error(at, None, wrong))?;
        }
        Ok(())
    }

    /// Places in the document in the order of priority.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<_> = (0..self.rules.len()).collect();
        order.sort_by_key(|&at| self.rules[at].priority);
        order
    }

    /// How many earlier bindings have the same bundle.
    pub(super) fn before(&self, at: usize) -> u64 {
        let bundle = self.rules[at].bundle;
        let earlier = self.rules[..at].iter();
        earlier.filter(|other| other.bundle == bundle).count() as u64
    }
}

impl Binding {
    /// What is wrong with it, the `at`th from 0, whose bundle is called `name` if that is known.
    pub(super) fn error(&self, at: usize, name: Option<&str>, wrong: Wrong) -> Error {
        let bundle = match name {
            Some(name) => format!("{name} ({})", self.bundle),
            None => self.bundle.to_string(),
        };
        Error::Binding {
            number: at + 1,
            bundle,
            wrong,
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
