//! The field `attributes`: facts that only some rules know, by name.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Malformed;
use crate::facts::Attribute;
use crate::value::{Bytes, Type, Value, check_text};

const ATTRIBUTES_MAX: usize = 32;
const NAME_BYTES: Bytes = 1..=200;
const TEXT_BYTES: Bytes = 0..=200;
const NAME: &str = "the name of an attribute";
const VALUE: &str = "an attribute";

/// The attributes, by name; those that are `null` are left out.
pub(crate) fn read(field: Option<Value<'_>>) -> Result<BTreeMap<String, Attribute>, Malformed> {
    let Some(field) = field else {
        return Ok(BTreeMap::new());
    };
    field.check_type(Type::Object)?;
    let Ok(Entries { values, repeated }) = serde_json::from_str(field.raw) else {
        return Err(Malformed::LoneSurrogate { field: NAME });
    };
    if repeated {
        return Err(Malformed::RepeatedField { field: VALUE });
    }
    if values.len() > ATTRIBUTES_MAX {
        return Err(Malformed::TooManyAttributes {
            count: values.len(),
            limit: ATTRIBUTES_MAX,
        });
    }
    let present = values
        .into_iter()
        .filter(|(_, value)| value.get() != "null");
    present
        .map(|(name, value)| attribute(name, value.get()))
        .collect()
}

fn attribute(name: String, raw: &str) -> Result<(String, Attribute), Malformed> {
    check_text(NAME, &name, NAME_BYTES)?;
    let value = Value { field: VALUE, raw };
    let attribute = match value.of_type() {
        Type::Text => Attribute::Text(value.text(TEXT_BYTES)?.into_owned()),
        Type::Boolean => Attribute::Flag(raw == "true"),
        Type::Number => Attribute::Integer(value.integer()?),
        Type::Object | Type::List | Type::Null => {
            return Err(value.wrong("text, an integer or a boolean"));
        }
    };
    Ok((name, attribute))
}

/// An object with whatever names it has.
struct Entries<'a> {
    values: BTreeMap<String, &'a RawValue>,
    repeated: bool,
}

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries<'de>, A::Error> {
        let mut entries = Entries {
            values: BTreeMap::new(),
            repeated: false,
        };
        while let Some((name, value)) = map.next_entry()? {
            entries.repeated |= entries.values.insert(name, value).is_some();
        }
        Ok(entries)
    }
}
