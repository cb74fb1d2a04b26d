//! One record: a byte for the nature by default, headers, and the rest is its value. Whatever it
//! is, it becomes an event within the limits of the contract, or one of the known refusals; and an
//! event that is written down again is the same event.

use plimsoll_domain::{EventKey, Kind, Nature};
use plimsoll_wire::{Attribute, Decoded, Facts, Headers, Malformed, decode};
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

use crate::input::Input;

const TEXT_BYTES_MAX: usize = 200;
const DETAIL_BYTES_MAX: usize = 200;

/// Checks one record.
pub fn check(input: &[u8]) {
    let mut input = Input(input);
    let nature = match input.byte() % 2 {
        0 => Nature::Intent,
        _ => Nature::Fact,
    };
    let mut headers = Headers::default();
    for (name, value) in input.headers() {
        headers.add(name.as_bytes(), value);
    }
    let answer = decode(input.0, Some(&headers), nature);
    assert_eq!(
        answer,
        decode(input.0, Some(&headers), nature),
        "it depends"
    );
    match &answer {
        Ok(event) => {
            within_limits(event);
            survives_writing(event, headers.trace());
        }
        Err(malformed) => is_known(malformed),
    }
}

fn is_known(malformed: &Malformed) {
    assert!(Malformed::CODES.contains(&malformed.code()), "{malformed}");
    let detail = malformed.detail();
    assert!(detail.len() <= DETAIL_BYTES_MAX, "{detail}");
    assert!(!detail.contains('\0'), "{detail}");
}

fn within_limits(event: &Decoded<'_>) {
    assert!((1..=128).contains(&event.sku.len()));
    assert!(!event.sku.contains(char::is_control));
    match event.kind {
        Kind::Adjust(units) => assert_ne!(units, 0),
        Kind::Count(units) => {
            assert!(units >= 0);
            assert_eq!(event.nature, Nature::Fact, "a count is a fact");
        }
    }
    assert!(event.expected_version.is_none_or(|version| version >= 0));
    let Some(facts) = &event.facts else {
        return;
    };
    assert_ne!(**facts, Facts::default(), "nothing is kept as nothing");
    assert_eq!(Facts::unpack(&facts.pack()).ok().as_ref(), Some(&**facts));
    assert_eq!(facts.nature_of(event.kind), event.nature);
    let texts = [&facts.source, &facts.reason, &facts.reference];
    let texts = texts.into_iter().chain([&facts.channel, &facts.location]);
    texts.flatten().for_each(|text| fits(text));
    assert!(facts.attributes.len() <= 32);
    for (name, value) in &facts.attributes {
        assert!(!name.is_empty());
        fits(name);
        if let Attribute::Text(text) = value {
            fits(text);
        }
    }
}

fn fits(text: &str) {
    assert!(
        text.len() <= TEXT_BYTES_MAX && !text.contains('\0'),
        "{text}"
    );
}

/// Writes the event as a producer would, and reads that.
fn survives_writing(event: &Decoded<'_>, trace: Option<plimsoll_wire::Trace>) {
    let mut headers = Headers::default();
    if let Some(EventKey(key)) = event.key {
        let id = Uuid::from_u128(key).to_string();
        headers.add(b"event-id", Some(id.as_bytes()));
    }
    let value = written(event).to_string();
    // The other nature is the default, so that it is read and not assumed.
    let other = match event.nature {
        Nature::Intent => Nature::Fact,
        Nature::Fact => Nature::Intent,
    };
    let again = decode(value.as_bytes(), Some(&headers), other);
    let again = again.map(|again| Decoded { trace, ..again });
    assert_eq!(again.as_ref(), Ok(event), "{value}");
}

fn written(event: &Decoded<'_>) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("product_id", json!(event.sku));
    put("kind", json!(event.kind.name()));
    match event.kind {
        Kind::Adjust(units) => put("quantity_change", json!(units)),
        Kind::Count(units) => put("quantity", json!(units)),
    };
    let nature = match event.nature {
        Nature::Intent => "intent",
        Nature::Fact => "fact",
    };
    put("nature", json!(nature));
    put("expected_version", json!(event.expected_version));
    put("occurred_at", json!(event.occurred_ms.map(rfc3339)));
    let facts = event.facts.as_deref().cloned().unwrap_or_default();
    put("source", json!(facts.source));
    put("reason", json!(facts.reason));
    put("reference", json!(facts.reference));
    put("channel", json!(facts.channel));
    put("location", json!(facts.location));
    let attributes = facts.attributes.into_iter().map(|(name, value)| {
        let value = match value {
            Attribute::Flag(flag) => json!(flag),
            Attribute::Integer(number) => json!(number),
            Attribute::Text(text) => json!(text),
        };
        (name, value)
    });
    put("attributes", attributes.collect());
    Value::Object(fields)
}

/// The moment in words, at an offset that leaves its year four digits.
fn rfc3339(ms: i64) -> String {
    let said = [0, 1, -1_i8].into_iter().find_map(|sign| {
        let offset = UtcOffset::from_hms(23 * sign, 59 * sign, 0).expect("less than a day");
        let nanos = i128::from(ms) * 1_000_000 + i128::from(offset.whole_seconds()) * 1_000_000_000;
        let local = OffsetDateTime::from_unix_timestamp_nanos(nanos).ok()?;
        local.replace_offset(offset).format(&Rfc3339).ok()
    });
    said.unwrap_or_else(|| format!("{ms} ms have no name"))
}
