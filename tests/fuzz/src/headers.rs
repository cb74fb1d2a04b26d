//! The headers of a record whose value is always the same. A trace is what stands in the header
//! and is never 0; an identity in headers is the identity that the same words have in a value.

use std::collections::BTreeMap;

use plimsoll_domain::{EventKey, Nature};
use plimsoll_wire::{HEADERS_MAX, Headers, Malformed, Trace, decode};
use serde_json::json;

use crate::input::Input;

const EVENT: &[u8] = br#"{"product_id": "A", "quantity_change": 1}"#;

/// Checks the headers of one record.
pub fn check(input: &[u8]) {
    let given = Input(input).headers();
    let mut headers = Headers::default();
    for (name, value) in &given {
        headers.add(name.as_bytes(), *value);
    }
    let mut last: BTreeMap<&str, &[u8]> = BTreeMap::new();
    for (name, value) in &given {
        match value {
            Some(value) => last.insert(name, value),
            None => last.remove(name),
        };
    }
    let traced = last.get("traceparent");
    assert_eq!(headers.trace(), traced.and_then(|header| said(header)));
    let answer = decode(EVENT, Some(&headers), Nature::Intent);
    match answer {
        _ if given.len() > HEADERS_MAX => {
            let code = answer.map_err(|malformed| malformed.code());
            assert_eq!(code, Err("too_many_headers"));
        }
        Ok(event) => assert_eq!(event.key, named(&last)),
        Err(malformed) => assert!(Malformed::CODES.contains(&malformed.code())),
    }
}

/// The trace at its fixed places in the header, if all of it is as the standard has it.
fn said(header: &[u8]) -> Option<Trace> {
    let text = str::from_utf8(header).ok()?;
    let is_hex = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let part = |from, to| text.get(from..to).filter(|part| is_hex(part));
    let (version, id) = (part(0, 2)?, u128::from_str_radix(part(3, 35)?, 16).ok()?);
    let parent = u64::from_str_radix(part(36, 52)?, 16).ok()?;
    let flags = u8::from_str_radix(part(53, 55)?, 16).ok()?;
    let dashes = [2, 35, 52].iter().all(|at| header[*at] == b'-');
    let ends = match text.get(55..)? {
        "" => true,
        more => version != "00" && more.starts_with('-'),
    };
    (dashes && ends && version != "ff" && id != 0 && parent != 0).then_some(Trace {
        id,
        parent,
        sampled: flags % 2 == 1,
    })
}

/// The identity that the words of these headers have as the fields of a value.
fn named(headers: &BTreeMap<&str, &[u8]>) -> Option<EventKey> {
    let (source, id): (&[u8], _) = match (headers.get("ce_source"), headers.get("ce_id")) {
        (Some(source), Some(id)) => (source, id),
        _ => (b"", headers.get("event-id")?),
    };
    let text = |value| str::from_utf8(value).expect("it was taken");
    let event = json!({
        "product_id": "A", "quantity_change": 1, "source": text(source), "event_id": text(id),
    });
    let value = event.to_string();
    let event = decode(value.as_bytes(), None, Nature::Intent);
    event.expect("the same words are an identity").key
}
