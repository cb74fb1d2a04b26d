//! What a rule may be told about an event, and its packing into the columns that one rule
//! reads. Knows no rule and no wire format.

use std::borrow::Cow;

use plimsoll_domain::{Kind, Nature};
use plimsoll_rule_abi::columns::TextTooLong;
use plimsoll_rule_abi::fact::{KIND_ADJUST, KIND_COUNT, NATURE_FACT, NATURE_INTENT};
use plimsoll_rule_abi::{Fact, Shape, Writer};

/// One event and the product it meets.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// The SKU.
    pub sku: &'a str,
    /// What it asks for.
    pub kind: Kind,
    /// May it still be refused?
    pub nature: Nature,
    /// Units on hand before it, after the events before it.
    pub stock: i64,
    /// The lowest stock that the platform allows.
    pub floor: i64,
    /// How many movements made the stock so.
    pub version: i64,
    /// Scope of its identity.
    pub source: Option<&'a str>,
    /// Sales channel.
    pub channel: Option<&'a str>,
    /// Location.
    pub location: Option<&'a str>,
    /// Reason.
    pub reason: Option<&'a str>,
    /// Reference.
    pub reference: Option<&'a str>,
    /// When it happened, microseconds since 1970.
    pub occurred_at_us: i64,
    /// Its own attributes, by name.
    pub attributes: &'a [(Cow<'a, str>, Attribute<'a>)],
}

/// The value of one of an event's own attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
}

impl<'a> Facts<'a> {
    /// Units it would add to stock. A count that is further from stock than a number reaches
    /// stops at the end of numbers.
    pub fn change(&self) -> i64 {
        match self.kind {
            Kind::Adjust(units) => units,
            Kind::Count(units) => units.saturating_sub(self.stock),
        }
    }

    fn number(&self, fact: Fact<'_>) -> i64 {
        match fact {
            Fact::Kind => match self.kind {
                Kind::Adjust(_) => KIND_ADJUST,
                Kind::Count(_) => KIND_COUNT,
            },
            Fact::Nature => match self.nature {
                Nature::Intent => NATURE_INTENT,
                Nature::Fact => NATURE_FACT,
            },
            Fact::Change => self.change(),
            Fact::Stock => self.stock,
            Fact::Floor => self.floor,
            Fact::Version => self.version,
            Fact::OccurredAt => self.occurred_at_us,
            text => unreachable!("{text:?} is no number"),
        }
    }

    fn text(&self, fact: Fact<'_>) -> Option<&'a str> {
        match fact {
            Fact::Sku => Some(self.sku),
            Fact::Source => self.source,
            Fact::Channel => self.channel,
            Fact::Location => self.location,
            Fact::Reason => self.reason,
            Fact::Reference => self.reference,
            Fact::Attribute(name, _) => match self.attribute(name)? {
                Attribute::Text(text) => Some(text),
                Attribute::Integer(_) | Attribute::Boolean(_) => None,
            },
            number => unreachable!("{number:?} is no text"),
        }
    }

    fn integer(&self, name: &str) -> Option<i64> {
        match self.attribute(name)? {
            Attribute::Integer(value) => Some(*value),
            Attribute::Text(_) | Attribute::Boolean(_) => None,
        }
    }

    fn boolean(&self, name: &str) -> Option<bool> {
        match self.attribute(name)? {
            Attribute::Boolean(value) => Some(*value),
            Attribute::Text(_) | Attribute::Integer(_) => None,
        }
    }

    pub(crate) fn attribute(&self, wanted: &str) -> Option<&'a Attribute<'a>> {
        let mut all = self.attributes.iter();
        all.find(|(name, _)| name == wanted).map(|(_, value)| value)
    }
}

/// Bytes of text that a row is expected to have in each column of text.
const TEXT_BYTES_EXPECTED: usize = 16;

/// The arguments `columns` and `text` for a rule that reads these facts.
pub(crate) fn pack(
    reads: &[Fact<'_>],
    rows: &[&Facts<'_>],
) -> Result<(Vec<i64>, Vec<u8>), TextTooLong> {
    let numbers: usize = reads.iter().map(|fact| fact.shape().width()).sum();
    let texts = reads
        .iter()
        .filter(|fact| fact.shape() == Shape::Text)
        .count();
    let mut writer = Writer::with_capacity(
        numbers * rows.len(),
        texts * rows.len() * TEXT_BYTES_EXPECTED,
    );
    for &fact in reads {
        match (fact, fact.shape()) {
            (_, Shape::Number) => writer.numbers(rows.iter().map(|row| row.number(fact))),
            (_, Shape::Text) => writer.texts(rows.iter().map(|row| row.text(fact)))?,
            (Fact::Attribute(name, _), Shape::Integer) => {
                writer.integers(rows.iter().map(|row| row.integer(name)));
            }
            (Fact::Attribute(name, _), Shape::Boolean) => {
                writer.booleans(rows.iter().map(|row| row.boolean(name)));
            }
            (plain, shape) => unreachable!("{plain:?} is never {shape:?}"),
        }
    }
    Ok(writer.finish())
}

#[cfg(test)]
mod tests {
    use plimsoll_rule_abi::Reader;

    use super::*;

    /// Facts that all differ.
    fn count<'a>(attributes: &'a [(Cow<'a, str>, Attribute<'a>)]) -> Facts<'a> {
        Facts {
            sku: "SKU123",
            kind: Kind::Count(40),
            nature: Nature::Fact,
            stock: 45,
            floor: -7,
            version: 8,
            source: Some("shop"),
            channel: Some("web"),
            location: Some("berlin"),
            reason: None,
            reference: Some("order 9"),
            occurred_at_us: 10,
            attributes,
        }
    }

    #[test]
    fn a_column_holds_the_fact_of_its_name() {
        let facts = count(&[]);
        for (name, number) in [
            ("kind", KIND_COUNT),
            ("nature", NATURE_FACT),
            ("change", -5),
            ("stock", 45),
            ("floor", -7),
            ("version", 8),
            ("occurred_at", 10),
        ] {
            let fact = Fact::parse(name).expect("a fact");
            let (columns, _) = pack(&[fact], &[&facts]).expect("short");
            assert_eq!(columns, [number], "{name}");
        }
        for (name, text) in [
            ("sku", Some("SKU123")),
            ("source", Some("shop")),
            ("channel", Some("web")),
            ("location", Some("berlin")),
            ("reason", None),
            ("reference", Some("order 9")),
        ] {
            let fact = Fact::parse(name).expect("a fact");
            let (columns, heap) = pack(&[fact], &[&facts]).expect("short");
            assert_eq!(Reader::new(1, &columns, &heap).text(0, 0), text, "{name}");
        }
    }

    #[test]
    fn an_attribute_of_another_type_is_absent() {
        let attributes = [
            ("a".into(), Attribute::Text("x".into())),
            ("b".into(), Attribute::Integer(3)),
            ("c".into(), Attribute::Boolean(true)),
        ];
        let facts = count(&attributes);
        for (name, there) in [
            ("a", [true, false, false]),
            ("b", [false, true, false]),
            ("c", [false, false, true]),
            ("d", [false; 3]),
        ] {
            let reads = [Shape::Text, Shape::Integer, Shape::Boolean]
                .map(|shape| Fact::Attribute(name, shape));
            let (columns, heap) = pack(&reads, &[&facts]).expect("short");
            let reader = Reader::new(1, &columns, &heap);
            let read = [
                reader.text(0, 0).is_some(),
                reader.integer(1, 0).is_some(),
                reader.boolean(3, 0).is_some(),
            ];
            assert_eq!(read, there, "{name}");
        }
    }
}
