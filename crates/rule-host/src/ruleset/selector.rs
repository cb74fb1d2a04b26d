//! What a rule is asked about. Compiled once; what selects everything costs nothing. Knows no
//! verdict.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::error::Wrong;
use super::pattern::Patterns;
use crate::bundle::{GivenAttribute, GivenKind};
use crate::facts::Facts;
use plimsoll_domain::Kind;

/// Most entries of one list.
pub(super) const ENTRIES_MAX: usize = 1_000;
/// Longest entry, in bytes: the longest text that an event may have.
pub(super) const TEXT_BYTES_MAX: usize = 200;

/// What a rule is asked about. What is left out selects everything; of what is given all must
/// match, each by one of its entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Selector {
    /// Patterns of SKUs: `*` is any text, also none, and `?` one character.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sku: Vec<String>,
    /// Kinds of events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kind: Vec<GivenKind>,
    /// Scopes of identity, exactly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    /// Sales channels, exactly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channel: Vec<String>,
    /// Locations, exactly.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub location: Vec<String>,
    /// Values of attributes, exactly and of the same type, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Vec<GivenAttribute>>,
}

impl Selector {
    pub(super) fn check(&self) -> Result<(), Wrong> {
        for (list, texts) in [
            ("sku", &self.sku),
            ("source", &self.source),
            ("channel", &self.channel),
            ("location", &self.location),
        ] {
            check(list, texts)?;
        }
        for (name, values) in &self.attributes {
            let list = format!("attributes.{name}");
            let texts = values.iter().map(|value| match value {
                GivenAttribute::Text(text) => text.as_str(),
                // Numbers are no text, so they are neither empty nor long.
                GivenAttribute::Integer(_) | GivenAttribute::Boolean(_) => "0",
            });
            if values.is_empty() {
                return Err(Wrong::Empty(list));
            }
            check(&list, texts.collect::<Vec<_>>().as_slice())?;
        }
        Ok(())
    }
}

fn check(list: &str, texts: &[impl AsRef<str>]) -> Result<(), Wrong> {
    if texts.len() > ENTRIES_MAX {
        return Err(Wrong::Entries {
            list: list.into(),
            count: texts.len(),
        });
    }
    for text in texts {
        match text.as_ref().len() {
            0 => return Err(Wrong::Empty(list.into())),
            1..=TEXT_BYTES_MAX => {}
            bytes => {
                return Err(Wrong::Text {
                    list: list.into(),
                    bytes,
                });
            }
        }
    }
    Ok(())
}

/// A selector, compiled: what has to hold, the cheapest first. Nothing has to if it is empty.
#[derive(Clone, Debug, Default)]
pub(super) struct Selects(Vec<Test>);

#[derive(Clone, Debug)]
enum Test {
    Kind(Vec<GivenKind>),
    Source(Texts),
    Channel(Texts),
    Location(Texts),
    Sku(Patterns),
    Attribute(String, Vec<GivenAttribute>),
}

impl Selects {
    pub(super) fn compile(selector: &Selector) -> Selects {
        let mut tests = Vec::new();
        if !selector.kind.is_empty() {
            tests.push(Test::Kind(selector.kind.clone()));
        }
        tests.extend(Texts::of(&selector.source).map(Test::Source));
        tests.extend(Texts::of(&selector.channel).map(Test::Channel));
        tests.extend(Texts::of(&selector.location).map(Test::Location));
        tests.extend(Patterns::compile(&selector.sku).map(Test::Sku));
        for (name, values) in &selector.attributes {
            tests.push(Test::Attribute(name.clone(), values.clone()));
        }
        Selects(tests)
    }

    /// The rows that it selects, by their number; nothing if all of them are.
    pub(super) fn some_of(&self, rows: &[Facts<'_>]) -> Option<Vec<usize>> {
        if self.0.is_empty() {
            return None;
        }
        let selected: Vec<_> = (0..rows.len())
            .filter(|&row| self.0.iter().all(|test| test.holds_for(&rows[row])))
            .collect();
        (selected.len() < rows.len()).then_some(selected)
    }
}

impl Test {
    fn holds_for(&self, facts: &Facts<'_>) -> bool {
        match self {
            Test::Kind(kinds) => kinds.contains(&kind(facts.kind)),
            Test::Source(texts) => texts.have(facts.source),
            Test::Channel(texts) => texts.have(facts.channel),
            Test::Location(texts) => texts.have(facts.location),
            Test::Sku(patterns) => patterns.match_any(facts.sku),
            Test::Attribute(name, values) => facts
                .attribute(name)
                .is_some_and(|found| values.iter().any(|value| value.lend() == *found)),
        }
    }
}

fn kind(kind: Kind) -> GivenKind {
    match kind {
        Kind::Adjust(_) => GivenKind::Adjust,
        Kind::Count(_) => GivenKind::Count,
    }
}

/// Texts, sorted.
#[derive(Clone, Debug)]
pub(super) struct Texts(Vec<String>);

impl Texts {
    /// Nothing if there are none.
    pub(super) fn of(texts: &[String]) -> Option<Texts> {
        let mut sorted = texts.to_vec();
        sorted.sort_unstable();
        (!sorted.is_empty()).then_some(Texts(sorted))
    }

    pub(super) fn have(&self, text: Option<&str>) -> bool {
        let search = |text| self.0.binary_search_by(|known| known.as_str().cmp(text));
        text.is_some_and(|text| search(text).is_ok())
    }
}
