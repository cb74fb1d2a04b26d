//! The fields of an object that mean something, each as it stands in the text. Which of them must
//! be there, and what they may hold, is not known here.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Malformed;
use crate::value::Value;

/// A field of an event or of a CloudEvents envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    ProductId,
    QuantityChange,
    EventId,
    Kind,
    Quantity,
    Source,
    Nature,
    ExpectedVersion,
    Reason,
    Reference,
    Channel,
    Location,
    OccurredAt,
    Attributes,
    SpecVersion,
    Id,
    Time,
    Data,
}

/// Every field with its name, in the order of the enum; the most frequent first.
const NAMES: [(&str, Field); 18] = [
    ("product_id", Field::ProductId),
    ("quantity_change", Field::QuantityChange),
    ("event_id", Field::EventId),
    ("kind", Field::Kind),
    ("quantity", Field::Quantity),
    ("source", Field::Source),
    ("nature", Field::Nature),
    ("expected_version", Field::ExpectedVersion),
    ("reason", Field::Reason),
    ("reference", Field::Reference),
    ("channel", Field::Channel),
    ("location", Field::Location),
    ("occurred_at", Field::OccurredAt),
    ("attributes", Field::Attributes),
    ("specversion", Field::SpecVersion),
    ("id", Field::Id),
    ("time", Field::Time),
    ("data", Field::Data),
];

impl Field {
    /// The fields of an event.
    pub(crate) const OF_EVENTS: [Field; 14] = [
        Field::ProductId,
        Field::Kind,
        Field::QuantityChange,
        Field::Quantity,
        Field::EventId,
        Field::Source,
        Field::Nature,
        Field::ExpectedVersion,
        Field::Reason,
        Field::Reference,
        Field::Channel,
        Field::Location,
        Field::OccurredAt,
        Field::Attributes,
    ];

    /// The fields of an event that are only kept as facts.
    pub(crate) const KEPT: [Field; 5] = [
        Field::Reason,
        Field::Reference,
        Field::Channel,
        Field::Location,
        Field::Attributes,
    ];

    /// The fields of an envelope.
    pub(crate) const OF_ENVELOPES: [Field; 5] = [
        Field::SpecVersion,
        Field::Id,
        Field::Source,
        Field::Time,
        Field::Data,
    ];

    pub(crate) fn name(self) -> &'static str {
        NAMES[self as usize].0
    }

    fn named(name: &str) -> Option<Field> {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, field)| field)
    }

    fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// The known fields of one object.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    values: [Option<&'a RawValue>; NAMES.len()],
    seen: u32,
    repeated: u32,
}

impl<'a> Fields<'a> {
    /// Reads the object that is the whole of `text`.
    pub(crate) fn read(text: &'a str) -> Result<Self, Malformed> {
        let mut fields = Fields::default();
        let mut parser = serde_json::Deserializer::from_str(text);
        let read = FieldsVisitor(&mut fields)
            .deserialize(&mut parser)
            .and_then(|()| parser.end());
        read.map_err(|error| why_not(text, &error)).map(|()| fields)
    }

    /// What the field holds. `null` is the same as no such field.
    pub(crate) fn get(&self, field: Field) -> Option<Value<'a>> {
        let raw = self.values[field as usize]?.get();
        (raw != "null").then_some(Value {
            field: field.name(),
            raw,
        })
    }

    /// What the field holds, if the event cannot do without it.
    pub(crate) fn need(&self, field: Field) -> Result<Value<'a>, Malformed> {
        self.get(field).ok_or(Malformed::MissingField {
            field: field.name(),
        })
    }

    /// Whether any of these fields is there.
    pub(crate) fn any(&self, fields: &[Field]) -> bool {
        fields.iter().any(|field| self.seen & field.bit() != 0)
    }

    /// Refuses an object that has one of these fields more than once.
    pub(crate) fn each_once(&self, fields: &[Field]) -> Result<(), Malformed> {
        match fields.iter().find(|field| self.repeated & field.bit() != 0) {
            Some(field) => Err(Malformed::RepeatedField {
                field: field.name(),
            }),
            None => Ok(()),
        }
    }

    fn put(&mut self, field: Field, value: &'a RawValue) {
        self.repeated |= self.seen & field.bit();
        self.seen |= field.bit();
        self.values[field as usize] = Some(value);
    }
}

/// Why a text is no object.
#[cold]
fn why_not(text: &str, error: &serde_json::Error) -> Malformed {
    if text.trim_ascii_start().starts_with('{') {
        return Malformed::NotJson {
            problem: error.to_string(),
        };
    }
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(_) => Malformed::NotAnObject,
        Err(error) => Malformed::NotJson {
            problem: error.to_string(),
        },
    }
}

/// Fills in the fields where they are: moving them would cost a tenth of the whole.
struct FieldsVisitor<'f, 'a>(&'f mut Fields<'a>);

impl<'de> DeserializeSeed<'de> for FieldsVisitor<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FieldsVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(field)) = map.next_key()? {
            match field {
                Some(field) => self.0.put(field, map.next_value()?),
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The name of a field, if it is known, escapes resolved.
struct Key(Option<Field>);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl Visitor<'_> for KeyVisitor {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Key, E> {
        Ok(Key(Field::named(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_names_has_the_order_of_the_enum() {
        for (at, (name, field)) in NAMES.into_iter().enumerate() {
            assert_eq!(at, field as usize, "{name}");
        }
    }
}
