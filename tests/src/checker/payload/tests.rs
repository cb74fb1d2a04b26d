//! Reading payloads, by themselves.

use super::{Event, Quantity, decode};
use crate::checker::{Record, event_key};

fn record(value: &str) -> Record {
    Record {
        partition: 0,
        offset: 0,
        timestamp_ms: 0,
        headers: vec![],
        value: Some(value.into()),
    }
}

fn event(value: &str) -> Event {
    decode(&record(value), false).unwrap_or_else(|why| panic!("{value}: {why}"))
}

fn refused(value: &str) {
    assert!(
        decode(&record(value), false).is_err(),
        "{value} was taken for an event"
    );
}

#[test]
fn the_shortest_form_with_its_plus_sign_is_an_event() {
    let expected = Event {
        sku: "SKU123".into(),
        quantity: Quantity::Adjust(5),
        key: None,
        fact: false,
        expected_version: None,
    };
    assert_eq!(
        event(r#"{"product_id": "SKU123", "quantity_change": +5}"#),
        expected
    );
}

#[test]
fn a_plus_inside_a_string_stays() {
    assert_eq!(
        event(r#"{"product_id": ":+5\",+6", "quantity_change": -5}"#).sku,
        ":+5\",+6"
    );
}

#[test]
fn only_whole_numbers_in_range_are_quantities() {
    for number in [
        "0",
        "+0",
        "5.0",
        "1e3",
        "1e+3",
        "\"5\"",
        "+-5",
        "9223372036854775808",
        "null",
        "+ 5",
    ] {
        refused(&format!(
            r#"{{"product_id": "A", "quantity_change": {number}}}"#
        ));
    }
    let limit = event(r#"{"product_id": "A", "quantity_change": -9223372036854775808}"#);
    assert_eq!(limit.quantity, Quantity::Adjust(i64::MIN));
}

#[test]
fn a_count_is_a_fact() {
    let count = event(r#"{"product_id": "A", "kind": "count", "quantity": 0, "nature": "intent"}"#);
    assert_eq!((count.quantity, count.fact), (Quantity::Count(0), true));
    refused(r#"{"product_id": "A", "kind": "count", "quantity": -1}"#);
}

#[test]
fn poison_is_malformed() {
    refused("");
    refused("5");
    refused(r#"{"product_id": "A\u0000", "quantity_change": 1}"#);
    refused(r#"{"product_id": "A", "quantity_change": 1, "reason": "\u0000"}"#);
    refused(r#"{"product_id": "", "quantity_change": 1}"#);
    refused(r#"{"product_id": "A", "quantity_change": 1} {}"#);
    let nested = |depth: usize| {
        format!(
            "{{\"product_id\":\"A\",\"quantity_change\":1,\"x\":{}{}}}",
            "[".repeat(depth),
            "]".repeat(depth)
        )
    };
    refused(&nested(16));
    event(&nested(15));
    assert!(
        decode(
            &Record {
                value: None,
                ..record("")
            },
            false
        )
        .is_err()
    );
    assert!(
        decode(
            &Record {
                value: Some(vec![0xff]),
                ..record("")
            },
            false
        )
        .is_err()
    );
}

#[test]
fn identity_is_the_first_that_is_there() {
    let body = r#"{"product_id": "A", "quantity_change": 1, "source": "s", "event_id": "body"}"#;
    let with = |names: &[&str], value: &str| {
        let headers = names
            .iter()
            .map(|name| ((*name).to_owned(), Some(name.as_bytes().to_vec())))
            .collect();
        decode(
            &Record {
                headers,
                ..record(value)
            },
            false,
        )
        .expect("an event")
        .key
    };
    let anonymous = r#"{"product_id": "A", "quantity_change": 1}"#;
    assert_eq!(
        with(&["event-id", "ce_id", "ce_source"], body),
        Some(event_key("ce_source", "ce_id"))
    );
    assert_eq!(with(&["event-id"], body), Some(event_key("s", "body")));
    assert_eq!(
        with(&["event-id"], anonymous),
        Some(event_key("", "event-id"))
    );
    assert_eq!(with(&[], anonymous), None);
}

#[test]
fn a_structured_cloud_event_is_unwrapped() {
    let envelope = r#"{"specversion": "1.0", "source": "shop", "id": "7", "data": {"product_id": "A", "quantity_change": +1}}"#;
    assert_eq!(event(envelope).key, Some(event_key("shop", "7")));
}
