//! The optional facts of an event, and the one column they are packed into. What a fact means to
//! a rule is not known here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use plimsoll_domain::{Kind, Nature};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What an event says beyond SKU, kind, quantity, identity and time. Together with those it is
/// all that is needed to decide the event again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// The scope of its identity; at most 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Why, in the producer's words; at most 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it belongs to, such as an order; at most 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Where it was sold; at most 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Where the units are; at most 200 bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Facts that some rule declares; at most 32.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
    /// Apply only if the product has this version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<i64>,
    /// `Fact` if an adjustment may not be refused, whether the event or the configuration said
    /// so. A count does not need it; see [`Facts::nature_of`].
    #[serde(with = "NatureName", skip_serializing_if = "is_intent")]
    pub nature: Nature,
}

/// One attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    /// True or false.
    Flag(bool),
    /// An integer.
    Integer(i64),
    /// A text; at most 200 bytes.
    Text(String),
}

/// A text that [`Facts::pack`] never made.
#[derive(Debug, Error)]
#[error("not the packed facts of an event")]
pub struct NotFacts(#[from] serde_json::Error);

impl Facts {
    /// Those that every event has, stated or by default.
    pub(crate) fn stated(
        source: Cow<'_, str>,
        expected_version: Option<i64>,
        kind: Kind,
        nature: Nature,
    ) -> Facts {
        Facts {
            source: (!source.is_empty()).then(|| source.into_owned()),
            expected_version,
            nature: match kind {
                Kind::Adjust(_) => nature,
                Kind::Count(_) => Nature::Intent,
            },
            ..Facts::default()
        }
    }

    /// As JSON, for a column of type `jsonb`, which may store it in another order.
    pub fn pack(&self) -> String {
        serde_json::to_string(self).expect("texts, integers and booleans are JSON")
    }

    /// Reads what [`Facts::pack`] wrote. Facts of a later version are passed over.
    pub fn unpack(text: &str) -> Result<Facts, NotFacts> {
        Ok(serde_json::from_str(text)?)
    }

    /// Whether an event of this kind may be refused: a count is always a fact.
    pub fn nature_of(&self, kind: Kind) -> Nature {
        match kind {
            Kind::Adjust(_) => self.nature,
            Kind::Count(_) => Nature::Fact,
        }
    }
}

impl Default for Facts {
    fn default() -> Self {
        Facts {
            source: None,
            reason: None,
            reference: None,
            channel: None,
            location: None,
            attributes: BTreeMap::new(),
            expected_version: None,
            nature: Nature::Intent,
        }
    }
}

/// The names of [`Nature`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Nature", rename_all = "snake_case")]
enum NatureName {
    Intent,
    Fact,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_intent(nature: &Nature) -> bool {
    *nature == Nature::Intent
}
