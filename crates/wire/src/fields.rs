//! The fields of an object that mean something, each as it stands in the text. Which of them must
//! be there, and what they may hold, is not known here.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::Malformed;
use crate::field::{Field, FieldSet};
use crate::value::Value;

/// The known fields of one object.
#[derive(Default)]
pub(crate) struct Fields<'a> {
    values: [Option<&'a RawValue>; Field::COUNT],
    seen: FieldSet,
    repeated: FieldSet,
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
    pub(crate) fn any(&self, fields: FieldSet) -> bool {
        self.seen.and(fields).first().is_some()
    }

    /// Refuses an object that has one of these fields more than once.
    pub(crate) fn each_once(&self, fields: FieldSet) -> Result<(), Malformed> {
        match self.repeated.and(fields).first() {
            Some(field) => Err(Malformed::RepeatedField { field }),
            None => Ok(()),
        }
    }

    fn put(&mut self, field: Field, value: &'a RawValue) {
        self.repeated.add(self.seen.and(field.alone()));
        self.seen.add(field.alone());
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
