//! What an event tells rules, lent from where it is kept: a record, a parked event, a ledger
//! line. Knows no rule.

use std::borrow::Cow;
use std::hash::Hasher;

use plimsoll_domain::{Kind, Nature, Seen};
use plimsoll_rule_host::{Attribute, Facts};
use plimsoll_wire as wire;
use rustc_hash::FxHasher;

/// One event, whatever product it meets.
#[derive(Debug)]
pub struct Lent<'a> {
    event: Facts<'a>,
    attributes: Vec<(Cow<'a, str>, Attribute<'a>)>,
}

impl<'a> Lent<'a> {
    /// The event about `sku`; `occurred_ms` counts from 1970.
    pub fn of(
        sku: &'a str,
        kind: Kind,
        nature: Nature,
        occurred_ms: i64,
        facts: Option<&'a wire::Facts>,
    ) -> Lent<'a> {
        let text = |of: fn(&wire::Facts) -> &Option<String>| facts.and_then(|f| of(f).as_deref());
        let attributes = facts.map(|facts| facts.attributes.iter().map(attribute).collect());
        Lent {
            event: Facts {
                sku,
                kind,
                nature,
                stock: 0,
                floor: 0,
                version: 0,
                source: text(|f| &f.source),
                channel: text(|f| &f.channel),
                location: text(|f| &f.location),
                reason: text(|f| &f.reason),
                reference: text(|f| &f.reference),
                occurred_at_us: occurred_ms.saturating_mul(1_000),
                attributes: &[],
            },
            attributes: attributes.unwrap_or_default(),
        }
    }

    /// Mostly another number for events that rules ask other stock for: those of another channel,
    /// location or source. What changes with every event, such as its reference, is left out.
    pub fn likeness(&self) -> u32 {
        let mut hasher = FxHasher::default();
        let Facts {
            source,
            channel,
            location,
            ..
        } = self.event;
        for text in [source, channel, location] {
            hasher.write(text.unwrap_or_default().as_bytes());
        }
        let bytes = hasher.finish().to_le_bytes();
        let (low, _) = bytes.split_first_chunk().expect("8 bytes hold 4");
        u32::from_le_bytes(*low)
    }

    /// The event and the product it meets.
    pub fn meets(&self, seen: Seen) -> Facts<'_> {
        Facts {
            stock: seen.stock,
            floor: seen.floor,
            version: seen.version,
            attributes: &self.attributes,
            ..self.event
        }
    }
}

fn attribute<'a>(
    (name, value): (&'a String, &'a wire::Attribute),
) -> (Cow<'a, str>, Attribute<'a>) {
    let value = match value {
        wire::Attribute::Flag(value) => Attribute::Boolean(*value),
        wire::Attribute::Integer(value) => Attribute::Integer(*value),
        wire::Attribute::Text(text) => Attribute::Text(Cow::Borrowed(text)),
    };
    (Cow::Borrowed(name), value)
}
