//! What holds for every value, whatever is in it.

use std::collections::BTreeMap;

use plimsoll_domain::Nature;
use plimsoll_wire::{Attribute, Decoded, Facts, Headers, Malformed, decode};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

const RICH: &str = r#"{"specversion": "1.0", "id": "\u0061", "source": "s", "time": "2026-11-24T18:20:00Z",
    "data": {"product_id": "SKU-1", "kind": "adjust", "quantity_change": +5, "quantity": 7,
    "event_id": "0193b3c8-7d1e-7a50-9c1d-3f2a5b6c7d8e", "nature": "fact", "expected_version": +3,
    "reason": "a \" b", "attributes": {"n": +1, "t": "\ud83d\udce6", "f": true}, "other": [[{}]]}}"#;

/// Decodes, and checks what holds for every answer.
fn decoded<'a>(value: &'a [u8], headers: &Headers) -> Result<Decoded<'a>, Malformed> {
    let answer = decode(value, Some(headers), Nature::Intent);
    match &answer {
        Ok(decoded) => {
            assert!((1..=128).contains(&decoded.sku.len()));
            assert!(!decoded.sku.chars().any(char::is_control));
        }
        Err(malformed) => {
            assert!(Malformed::CODES.contains(&malformed.code()));
            assert!(malformed.detail().len() <= 200, "{malformed}");
            assert!(!malformed.detail().contains('\0'), "{malformed}");
        }
    }
    answer
}

fn json(text: &str) -> String {
    serde_json::to_string(text).expect("a text is JSON")
}

fn facts() -> impl Strategy<Value = Facts> {
    let text = || option::of("\\PC{0,20}");
    let attribute = prop_oneof![
        any::<bool>().prop_map(Attribute::Flag),
        any::<i64>().prop_map(Attribute::Integer),
        "\\PC{0,20}".prop_map(Attribute::Text),
    ];
    let nature = prop_oneof![Just(Nature::Intent), Just(Nature::Fact)];
    let texts = (text(), text(), text(), text(), text());
    let rest = (
        btree_map("\\PC{1,9}", attribute, 0..9),
        option::of(any::<i64>()),
        nature,
    );
    (texts, rest).prop_map(|(texts, (attributes, expected_version, nature))| {
        let (source, reason, reference, channel, location) = texts;
        Facts {
            source,
            reason,
            reference,
            channel,
            location,
            attributes,
            expected_version,
            nature,
        }
    })
}

proptest! {
    #[test]
    fn no_bytes_panic(
        value in vec(any::<u8>(), 0..300),
        headers in vec(("ce_source|ce_id|event-id|traceparent|tracestate", option::of(vec(any::<u8>(), 0..300))), 0..6),
    ) {
        let mut all = Headers::default();
        for (name, value) in &headers {
            all.add(name.as_bytes(), value.as_deref());
        }
        decoded(&value, &all).ok();
        decoded(RICH.as_bytes(), &all).ok();
    }

    #[test]
    fn no_text_of_json_like_pieces_panics(
        pieces in vec("[{}\\[\\]:,\"\\\\+-]|[0-9]{1,3}|null|true|\"[a-z_]{1,4}\"|\"product_id\"|\"quantity_change\"", 0..40),
    ) {
        decoded(pieces.concat().as_bytes(), &Headers::default()).ok();
    }

    #[test]
    fn no_damage_to_an_event_panics(
        damage in vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
    ) {
        let mut value = RICH.as_bytes().to_vec();
        for (at, byte, how) in damage {
            let at = at.index(value.len());
            match how {
                0 => value[at] = byte,
                1 => value.insert(at, byte),
                _ => drop(value.remove(at)),
            }
        }
        decoded(&value, &Headers::default()).ok();
    }

    #[test]
    fn a_plus_sign_changes_nothing_but_the_syntax(
        sku in "[A-Z+:,\\[ \"\\\\0-9]{1,20}", reason in "[+:,\\[ 0-9\"\\\\]{0,20}", units in 1..i64::MAX,
    ) {
        let value = |sign| format!(
            r#"{{"product_id": {}, "reason": {}, "quantity_change":{sign}{units}}}"#, json(&sku), json(&reason),
        );
        let (plain, signed) = (value(""), value(" +"));
        let none = Headers::default();
        let plain = decoded(plain.as_bytes(), &none).expect("it is an event");
        prop_assert_eq!(&plain, &decoded(signed.as_bytes(), &none).expect("so is this"));
        prop_assert_eq!(&*plain.sku, sku);
        prop_assert_eq!(plain.facts.expect("there is a reason").reason, Some(reason));
    }

    #[test]
    fn facts_survive_their_packing(facts in facts()) {
        prop_assert_eq!(Facts::unpack(&facts.pack()).expect("it was packed"), facts);
    }

    #[test]
    fn what_was_decoded_is_decided_again_from_its_facts(
        kind in prop_oneof![Just(r#""kind": "count", "quantity": 1"#), Just(r#""quantity_change": 1"#)],
        stated in prop_oneof![Just(""), Just(r#", "nature": "intent""#), Just(r#", "nature": "fact""#)],
        default in prop_oneof![Just(Nature::Intent), Just(Nature::Fact)],
        version in option::of(0..i64::MAX),
    ) {
        let version = version.map_or(String::new(), |version| format!(r#", "expected_version": {version}"#));
        let value = format!(r#"{{"product_id": "A", {kind}{stated}{version}}}"#);
        let event = decode(value.as_bytes(), None, default).expect("it is an event");
        let packed = event.facts.as_ref().map(|facts| facts.pack());
        let facts = packed.map_or(Facts::default(), |text| Facts::unpack(&text).expect("it was packed"));
        prop_assert_eq!(facts.nature_of(event.kind), event.nature);
        prop_assert_eq!(facts.expected_version, event.expected_version);
    }
}

#[test]
fn the_rich_event_is_one() {
    let event = decoded(RICH.as_bytes(), &Headers::default()).expect("it is an event");
    let facts = event.facts.expect("it has facts");
    let attribute = |name: &str, value| (name.to_owned(), value);
    let expected = BTreeMap::from([
        attribute("f", Attribute::Flag(true)),
        attribute("n", Attribute::Integer(1)),
        attribute("t", Attribute::Text("📦".to_owned())),
    ]);
    assert_eq!(facts.attributes, expected);
}

#[test]
fn facts_of_a_later_version_are_passed_over_and_nonsense_is_not() {
    let facts = Facts::unpack(r#"{"reason": "r", "colour": "red"}"#).expect("it is an object");
    assert_eq!(
        facts,
        Facts {
            reason: Some("r".to_owned()),
            ..Facts::default()
        }
    );
    assert!(Facts::unpack("{").is_err());
    assert!(Facts::unpack(r#"{"nature": "wish"}"#).is_err());
}
