//! Fields of a JSON object with the contract's limits. A null is a field that is not there.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Malformed, malformed};

const SKU_BYTES: RangeInclusive<usize> = 1..=128;
const DESCRIPTION_BYTES: RangeInclusive<usize> = 0..=200;
const ATTRIBUTES_MAX: usize = 32;

/// An object whose unknown fields do not matter.
pub(super) struct Fields<'a>(pub(super) &'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(
        &self,
        name: &str,
        bytes: RangeInclusive<usize>,
    ) -> Result<Option<&'a str>, Malformed> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) if fits(text, &bytes) => Ok(Some(text)),
            Some(_) => malformed(name),
        }
    }

    pub(super) fn one_of<const N: usize>(
        &self,
        name: &str,
        words: [&'static str; N],
    ) -> Result<Option<&'static str>, Malformed> {
        let Some(text) = self.text(name, 0..=usize::MAX)? else {
            return Ok(None);
        };
        match words.into_iter().find(|word| *word == text) {
            None => malformed(name),
            word => Ok(word),
        }
    }

    /// A whole number written as one: `5.0` and `1e3` are not.
    pub(super) fn integer(&self, name: &str) -> Result<Option<i64>, Malformed> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).map_or_else(|| malformed(name), Ok),
        }
    }

    pub(super) fn sku(&self) -> Result<String, Malformed> {
        match self.text("product_id", SKU_BYTES)? {
            Some(sku) if !sku.chars().any(char::is_control) => Ok(sku.to_owned()),
            _ => malformed("product_id"),
        }
    }

    /// The fields that change no stock, and can still make the record malformed.
    pub(super) fn check_descriptions(&self) -> Result<(), Malformed> {
        for name in ["reason", "reference", "channel", "location"] {
            self.text(name, DESCRIPTION_BYTES)?;
        }
        if let Some(text) = self.text("occurred_at", 0..=usize::MAX)? {
            OffsetDateTime::parse(text, &Rfc3339).or_else(|_| malformed("occurred_at"))?;
        }
        match self.get("attributes") {
            None => Ok(()),
            Some(Value::Object(attributes)) => check_attributes(attributes),
            Some(_) => malformed("attributes"),
        }
    }
}

/// Length in bytes, and nothing that a text column cannot hold.
pub(super) fn fits(text: &str, bytes: &RangeInclusive<usize>) -> bool {
    bytes.contains(&text.len()) && !text.contains('\0')
}

fn check_attributes(attributes: &Map<String, Value>) -> Result<(), Malformed> {
    let plain = |value: &Value| match value {
        Value::String(text) => fits(text, &(0..=usize::MAX)),
        Value::Number(number) => number.is_i64(),
        Value::Bool(_) => true,
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    };
    let named = |name: &str| fits(name, &(0..=usize::MAX));
    match attributes.len() <= ATTRIBUTES_MAX
        && attributes
            .iter()
            .all(|(name, value)| named(name) && plain(value))
    {
        true => Ok(()),
        false => malformed("attributes"),
    }
}
