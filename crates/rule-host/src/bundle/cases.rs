//! Golden cases: examples that a rule must decide as written, before it decides anything
//! else. Knows no engine.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plimsoll_domain::{Kind, Nature};
use plimsoll_rule_abi::Verdict;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::Manifest;
use crate::facts::{Attribute, Facts};

/// All examples of a bundle; also the shape of `cases.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// The examples, in the order they are tried.
    #[serde(default)]
    pub case: Vec<Case>,
}

/// One example.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows.
    pub name: String,
    /// Parameters that are not at their default.
    #[serde(default)]
    pub parameters: BTreeMap<String, i64>,
    /// The event and its product.
    pub given: Given,
    /// The verdict.
    pub expect: Expected,
}

/// The verdict that an example expects, with codes by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Nothing against it.
    Accept,
    /// Accepted, with a mark.
    Flag(String),
    /// Only so many units.
    Clamp(i64),
    /// Refused.
    Reject(String),
    /// Put aside.
    Park(String),
}

/// The facts of an example; what is left out is 0, empty, an order, at 1970.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "the facts are explained where they are declared"
)]
pub struct Given {
    pub sku: String,
    pub kind: GivenKind,
    pub nature: GivenNature,
    pub change: i64,
    pub stock: i64,
    pub floor: i64,
    pub version: i64,
    pub source: Option<String>,
    pub channel: Option<String>,
    pub location: Option<String>,
    pub reason: Option<String>,
    pub reference: Option<String>,
    #[serde(with = "time::serde::rfc3339::option")]
    pub occurred_at: Option<OffsetDateTime>,
    pub attributes: BTreeMap<String, GivenAttribute>,
}

/// The kind of an example's event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the kinds are explained in the domain")]
pub enum GivenKind {
    #[default]
    Adjust,
    Count,
}

/// The nature of an example's event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the natures are explained in the domain")]
pub enum GivenNature {
    #[default]
    Intent,
    Fact,
}

/// The value of an example's attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the name of each is its type")]
pub enum GivenAttribute {
    Boolean(bool),
    Integer(i64),
    Text(String),
}

impl Case {
    /// Lends the facts of the example to `ask`.
    pub fn with_facts<T>(&self, ask: impl FnOnce(&Facts<'_>) -> T) -> T {
        let given = &self.given;
        let attributes: Vec<_> = given
            .attributes
            .iter()
            .map(|(name, value)| (Cow::Borrowed(name.as_str()), value.lend()))
            .collect();
        ask(&Facts {
            sku: &given.sku,
            kind: match given.kind {
                GivenKind::Adjust => Kind::Adjust(given.change),
                GivenKind::Count => Kind::Count(given.stock.saturating_add(given.change)),
            },
            nature: match given.nature {
                GivenNature::Intent => Nature::Intent,
                GivenNature::Fact => Nature::Fact,
            },
            stock: given.stock,
            floor: given.floor,
            version: given.version,
            source: given.source.as_deref(),
            channel: given.channel.as_deref(),
            location: given.location.as_deref(),
            reason: given.reason.as_deref(),
            reference: given.reference.as_deref(),
            occurred_at_us: given.occurred_at.map_or(0, microseconds),
            attributes: &attributes,
        })
    }
}

impl GivenAttribute {
    pub(crate) fn lend(&self) -> Attribute<'_> {
        match self {
            GivenAttribute::Boolean(value) => Attribute::Boolean(*value),
            GivenAttribute::Integer(value) => Attribute::Integer(*value),
            GivenAttribute::Text(text) => Attribute::Text(Cow::Borrowed(text)),
        }
    }
}

impl Expected {
    /// A verdict with its code by name.
    pub fn of(verdict: Verdict, manifest: &Manifest) -> Expected {
        let name = |code: u16| manifest.codes[usize::from(code)].name.clone();
        match verdict {
            Verdict::Accept => Expected::Accept,
            Verdict::Flag(code) => Expected::Flag(name(code)),
            Verdict::Clamp(units) => Expected::Clamp(units),
            Verdict::Reject(code) => Expected::Reject(name(code)),
            Verdict::Park(code) => Expected::Park(name(code)),
        }
    }
}

fn microseconds(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000).expect("years of four digits fit")
}
