//! The fields that decide: SKU, kind, quantity, nature, version, time.

use expect_test::expect;
use plimsoll_domain::Nature;
use plimsoll_wire::{Headers, decode};

use crate::{PLAIN, check, check_bytes, check_fields, with_fields};

#[test]
fn a_known_field_stands_once() {
    check_fields(
        r#""product_id": "B""#,
        expect!["repeated_field: product_id is there more than once"],
    );
    check_fields(
        r#""reason": null, "reason": null"#,
        expect!["repeated_field: reason is there more than once"],
    );
    check_fields(
        r#""quantity_ch\u0061nge": 1"#,
        expect!["repeated_field: quantity_change is there more than once"],
    );
    check_fields(
        r#""other": 1, "other": 2, "id": 1, "id": 2"#,
        expect!["A Adjust(1) Intent"],
    );
    check_fields(
        r#""reason": "a", "reason": "b", "reason": "c", "channel": "d""#,
        expect!["repeated_field: reason is there more than once"],
    );
    check_fields(
        r#""attributes": {"a": 1, "a": 1}"#,
        expect!["repeated_field: an attribute is there more than once"],
    );
    check_fields(
        r#""attributes": {"a": 1, "a": 1, "a": 1, "b": 1}"#,
        expect!["repeated_field: an attribute is there more than once"],
    );
}

#[test]
fn product_id_is_a_text_of_1_to_128_bytes_without_control_characters() {
    let sku = |sku: &str| format!(r#"{{"product_id": {sku}, "quantity_change": 1}}"#);
    let long = |count| sku(&format!("\"{}\"", "ä".repeat(count)));
    check(
        r#"{"quantity_change": 1}"#,
        expect!["missing_field: product_id is missing"],
    );
    check(
        &sku("null"),
        expect!["missing_field: product_id is missing"],
    );
    check(
        &sku("7"),
        expect!["wrong_type: product_id must be text, not a number"],
    );
    check(
        &sku("[\"A\"]"),
        expect!["wrong_type: product_id must be text, not a list"],
    );
    check(
        &sku(r#""\ud800""#),
        expect!["lone_surrogate: product_id holds half of a surrogate pair"],
    );
    check(&sku(r#""""#), expect!["empty_text: product_id is empty"]);
    check(
        &long(65),
        expect!["text_too_long: product_id has more than 128 bytes"],
    );
    assert_eq!(
        decode(long(64).as_bytes(), None, Nature::Intent)
            .expect("128 bytes fit")
            .sku
            .len(),
        128
    );
    check(
        &sku(r#""A\u0000""#),
        expect!["nul_character: product_id holds U+0000"],
    );
    check(
        &sku(r#""A\n""#),
        expect!["control_character: product_id holds a control character"],
    );
    check(
        &sku("\"A\u{7f}\""),
        expect!["control_character: product_id holds a control character"],
    );
    check(
        &sku("\"A\u{85}\""),
        expect!["control_character: product_id holds a control character"],
    );
    check(
        &sku(r#""\u0053KU \"1\" \ud83d\udce6""#),
        expect![[r#"SKU "1" 📦 Adjust(1) Intent"#]],
    );
}

#[test]
fn kind_says_which_quantity_is_needed() {
    let kind = |rest: &str| format!(r#"{{"product_id": "A", {rest}}}"#);
    check(
        &kind(r#""kind": "adjust", "quantity_change": -2"#),
        expect!["A Adjust(-2) Intent"],
    );
    check(
        &kind(r#""kind": "count", "quantity": 0"#),
        expect!["A Count(0) Fact"],
    );
    check(
        &kind(r#""kind": "c\u006funt", "quantity": 7"#),
        expect!["A Count(7) Fact"],
    );
    check(
        &kind(r#""kind": "Count", "quantity": 7"#),
        expect![[r#"unknown_kind: kind must be adjust or count, not "Count""#]],
    );
    check(
        &kind(r#""kind": 1, "quantity": 7"#),
        expect!["wrong_type: kind must be text, not a number"],
    );
    check(
        &kind(r#""kind": "count", "quantity_change": 7"#),
        expect!["missing_field: quantity is missing"],
    );
    check(
        &kind(r#""quantity": 7"#),
        expect!["missing_field: quantity_change is missing"],
    );
    check(
        &kind(r#""kind": "count", "quantity": -1"#),
        expect!["negative: quantity is negative: -1"],
    );
    check(
        &kind(r#""kind": "count", "quantity": 7, "quantity_change": "ignored""#),
        expect!["A Count(7) Fact"],
    );
    check(
        &kind(r#""kind": "adjust", "quantity_change": 7, "quantity": -1.5"#),
        expect!["A Adjust(7) Intent"],
    );
}

#[test]
fn integers_are_never_converted() {
    let units = |units: &str| format!(r#"{{"product_id": "A", "quantity_change": {units}}}"#);
    check(
        &units("9223372036854775807"),
        expect!["A Adjust(9223372036854775807) Intent"],
    );
    check(
        &units("-9223372036854775808"),
        expect!["A Adjust(-9223372036854775808) Intent"],
    );
    check(
        &units("\"5\""),
        expect!["wrong_type: quantity_change must be an integer, not text"],
    );
    check(
        &units("true"),
        expect!["wrong_type: quantity_change must be an integer, not a boolean"],
    );
    check(
        &units("{}"),
        expect!["wrong_type: quantity_change must be an integer, not an object"],
    );
    check(
        &units("5.0"),
        expect!["not_an_integer: quantity_change must be written as an integer, not 5.0"],
    );
    check(
        &units("1e3"),
        expect!["not_an_integer: quantity_change must be written as an integer, not 1e3"],
    );
    check(
        &units("1E400"),
        expect!["not_an_integer: quantity_change must be written as an integer, not 1E400"],
    );
    check(
        &units("0.5"),
        expect!["not_an_integer: quantity_change must be written as an integer, not 0.5"],
    );
    check(
        &units("9223372036854775808"),
        expect!["out_of_range: quantity_change does not fit 64 bits: 9223372036854775808"],
    );
    check(
        &units("-9223372036854775809"),
        expect!["out_of_range: quantity_change does not fit 64 bits: -9223372036854775809"],
    );
    check(
        &units(&"9".repeat(500)),
        expect![
            "out_of_range: quantity_change does not fit 64 bits: 9999999999999999999999999999999999999999999999999999999999999999…"
        ],
    );
    check(&units("0"), expect!["zero_change: quantity_change is 0"]);
    check(&units("-0"), expect!["zero_change: quantity_change is 0"]);
    check(&units("+0"), expect!["zero_change: quantity_change is 0"]);
}

#[test]
fn a_count_is_always_a_fact() {
    let count = r#"{"product_id": "A", "kind": "count", "quantity": 7, "nature": "intent"}"#;
    check(count, expect!["A Count(7) Fact"]);
    check_fields(
        r#""nature": "fact""#,
        expect![[r#"A Adjust(1) Fact facts={"nature":"fact"}"#]],
    );
    check_fields(r#""nature": "intent""#, expect!["A Adjust(1) Intent"]);
    check_fields(
        r#""nature": "wish""#,
        expect![[r#"unknown_nature: nature must be intent or fact, not "wish""#]],
    );
    check_fields(
        r#""nature": false"#,
        expect!["wrong_type: nature must be text, not a boolean"],
    );
}

#[test]
fn the_configured_nature_is_kept_with_the_event() {
    let none = Headers::default();
    check_bytes(
        &none,
        PLAIN.as_bytes(),
        Nature::Fact,
        expect![[r#"A Adjust(1) Fact facts={"nature":"fact"}"#]],
    );
    let stated = with_fields(r#""nature": "intent""#);
    check_bytes(
        &none,
        stated.as_bytes(),
        Nature::Fact,
        expect!["A Adjust(1) Intent"],
    );
}

#[test]
fn expected_version_is_0_or_more() {
    check_fields(
        r#""expected_version": 0"#,
        expect![[r#"A Adjust(1) Intent version=0 facts={"expected_version":0}"#]],
    );
    check_fields(
        r#""expected_version": -1"#,
        expect!["negative: expected_version is negative: -1"],
    );
    check_fields(
        r#""expected_version": 1.0"#,
        expect!["not_an_integer: expected_version must be written as an integer, not 1.0"],
    );
}

#[test]
fn occurred_at_is_rfc_3339() {
    check_fields(
        r#""occurred_at": "1970-01-01T00:00:01Z""#,
        expect!["A Adjust(1) Intent at=1000"],
    );
    check_fields(
        r#""occurred_at": "2026-11-24T18:20:00.1239+01:00""#,
        expect!["A Adjust(1) Intent at=1795540800123"],
    );
    check_fields(
        r#""occurred_at": "1969-12-31T23:59:59.999Z""#,
        expect!["A Adjust(1) Intent at=-1"],
    );
    check_fields(
        r#""occurred_at": "2026-11-24""#,
        expect![[r#"bad_time: occurred_at is not a time by RFC 3339: "2026-11-24""#]],
    );
    check_fields(
        r#""occurred_at": "2026-02-30T00:00:00Z""#,
        expect![[r#"bad_time: occurred_at is not a time by RFC 3339: "2026-02-30T00:00:00Z""#]],
    );
    check_fields(
        r#""occurred_at": "yesterday, or so, but nobody knows for certain, because the clock was slow""#,
        expect![[
            r#"bad_time: occurred_at is not a time by RFC 3339: "yesterday, or so, but nobody knows for certain, because the clo…"#
        ]],
    );
    check_fields(
        r#""occurred_at": 1700000000000"#,
        expect!["wrong_type: occurred_at must be text, not a number"],
    );
}

#[test]
fn fields_are_judged_in_the_order_of_their_table() {
    const ORDER: [&str; 13] = [
        "product_id",
        "kind",
        "quantity_change",
        "event_id",
        "source",
        "nature",
        "expected_version",
        "occurred_at",
        "reason",
        "reference",
        "channel",
        "location",
        "attributes",
    ];
    for (at, first) in ORDER.iter().enumerate() {
        let wrong = &ORDER[at..];
        let right = [("product_id", "\"A\""), ("quantity_change", "1")];
        let right = right.iter().filter(|(name, _)| !wrong.contains(name));
        let fields = right.map(|(name, value)| format!("\"{name}\": {value}"));
        let fields = fields.chain(wrong.iter().map(|name| format!("\"{name}\": []")));
        let value = format!("{{{}}}", fields.collect::<Vec<_>>().join(", "));
        let malformed = decode(value.as_bytes(), None, Nature::Intent).expect_err("it is wrong");
        assert_eq!(malformed.code(), "wrong_type");
        assert!(
            malformed.detail().starts_with(&format!("{first} must be")),
            "{malformed}"
        );
    }
}
