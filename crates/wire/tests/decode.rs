//! What each value means, rule by rule in order of precedence.

use std::fmt::Write;

use expect_test::{Expect, expect};
use plimsoll_domain::Nature;
use plimsoll_wire::{Decoded, Headers, Malformed, decode};

const UUID: &str = "0193b3c8-7d1e-7a50-9c1d-3f2a5b6c7d8e";

fn check(value: &str, expect: Expect) {
    check_record(&[], value, expect);
}

fn check_record(headers: &[(&str, &str)], value: &str, expect: Expect) {
    let headers = with(headers.iter().map(|(name, value)| (*name, value.as_bytes())));
    expect.assert_eq(&told(decode(value.as_bytes(), Some(&headers), Nature::Intent)));
}

/// Checks an event that has `fields` beyond the shortest form.
fn check_fields(fields: &str, expect: Expect) {
    check(&with_fields(fields), expect);
}

fn with_fields(fields: &str) -> String {
    format!(r#"{{"product_id": "A", "quantity_change": 1, {fields}}}"#)
}

fn with<'a>(headers: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Headers {
    let mut all = Headers::default();
    for (name, value) in headers {
        all.add(name.as_bytes(), Some(value));
    }
    all
}

fn told(answer: Result<Decoded<'_>, Malformed>) -> String {
    let decoded = match answer {
        Ok(decoded) => decoded,
        Err(malformed) => return format!("{}: {}", malformed.code(), malformed.detail()),
    };
    let mut text = format!("{} {:?} {:?}", decoded.sku, decoded.kind, decoded.nature);
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(text, " {name}={value}").expect("a String takes all");
        }
    };
    add("key", decoded.key.map(|key| format!("{key:?}")));
    add("version", decoded.expected_version.map(|version| version.to_string()));
    add("at", decoded.occurred_ms.map(|ms| ms.to_string()));
    add("trace", decoded.trace.map(|trace| format!("{:x}", trace.id)));
    add("facts", decoded.facts.map(|facts| facts.pack()));
    text
}

#[test]
fn the_value_as_a_whole_comes_first() {
    check("", expect!["empty_value: the value is empty"]);
    check(&" ".repeat((1 << 20) + 1), expect!["value_too_large: the value has 1048577 bytes, the limit is 1048576"]);
    check(" ", expect!["not_json: not JSON: EOF while parsing a value at line 1 column 1"]);
    check("\u{feff}{}", expect!["not_json: not JSON: expected value at line 1 column 1"]);
    check(r#"{"product_id": "A", "quantity_change": 1} x"#, expect!["not_json: not JSON: trailing characters at line 1 column 43"]);
    check(r#"{"product_id": "A", "quantity_change": 01}"#, expect!["not_json: not JSON: invalid number at line 1 column 41"]);
    check(r#"{"product_id": "A", "quantity_change": 1,}"#, expect!["not_json: not JSON: trailing comma at line 1 column 42"]);
    check("{\"product_id\": \"A\tB\", \"quantity_change\": 1}", expect![[r#"not_json: not JSON: control character (\u0000-\u001F) found while parsing a string at line 1 column 17"#]]);
    check("[1, 2", expect!["not_json: not JSON: EOF while parsing a list at line 1 column 5"]);
    check("[1, 2]", expect!["not_an_object: the value is not a JSON object"]);
    check(r#""text""#, expect!["not_an_object: the value is not a JSON object"]);
    check("+5", expect!["not_json: not JSON: expected value at line 1 column 1"]);
    check("null", expect!["not_an_object: the value is not a JSON object"]);
    check("{}", expect!["missing_field: product_id is missing"]);
}

#[test]
fn a_value_of_exactly_1_mib_is_read() {
    let mut value = r#"{"product_id": "A", "quantity_change": 1}"#.to_owned();
    value.push_str(&" ".repeat((1 << 20) - value.len()));
    check(&value, expect!["A Adjust(1) Intent"]);
    value.push(' ');
    check(&value, expect!["value_too_large: the value has 1048577 bytes, the limit is 1048576"]);
}

#[test]
fn a_value_that_is_not_utf8_says_where() {
    let answer = decode(b"{\"product_id\": \"A\xff\"}", None, Nature::Intent);
    expect!["not_utf8: the value is not UTF-8, from byte 17 on"].assert_eq(&told(answer));
}

#[test]
fn too_many_headers_are_worse_than_a_bad_value() {
    let some = |count| with(std::iter::repeat_n(("name", &b"value"[..]), count));
    expect!["too_many_headers: the record has 65 headers, the limit is 64"].assert_eq(&told(decode(b"\xff", Some(&some(65)), Nature::Intent)));
    expect!["not_utf8: the value is not UTF-8, from byte 0 on"].assert_eq(&told(decode(b"\xff", Some(&some(64)), Nature::Intent)));
    expect!["empty_value: the value is empty"].assert_eq(&told(decode(b"", Some(&some(65)), Nature::Intent)));
}

#[test]
fn nesting_is_limited_in_ignored_fields_too() {
    let lists = |count| format!(r#""ignored": {}{}"#, "[".repeat(count), "]".repeat(count));
    check_fields(&lists(15), expect!["A Adjust(1) Intent"]);
    check_fields(&lists(16), expect!["too_deep: the value nests deeper than 16 levels"]);
    check_fields(&lists(100_000), expect!["too_deep: the value nests deeper than 16 levels"]);
    check_fields(r#""ignored": [[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]"#, expect!["A Adjust(1) Intent"]);
    check_fields(r#""ignored": "[[[[[[[[[[[[[[[[[[[[\"[[""#, expect!["A Adjust(1) Intent"]);
    check(&"[".repeat(17), expect!["too_deep: the value nests deeper than 16 levels"]);
}

#[test]
fn a_plus_sign_leads_a_number_outside_strings_only() {
    check(r#"{"product_id": "SKU123", "quantity_change": +5}"#, expect!["SKU123 Adjust(5) Intent"]);
    check(r#"{"product_id":"A","quantity_change":+5,"expected_version":+0}"#, expect![[r#"A Adjust(5) Intent version=0 facts={"expected_version":0}"#]]);
    check(r#"{"product_id": "a: +5, \": +5", "quantity_change": +5}"#, expect![[r#"a: +5, ": +5 Adjust(5) Intent"#]]);
    check_fields(r#""reason": "was: +5", "attributes": {"n": +7, "t": ",+7"}"#, expect![[r#"A Adjust(1) Intent facts={"reason":"was: +5","attributes":{"n":7,"t":",+7"}}"#]]);
    check_fields(r#""ignored": [+1, +2.5e+3, {"x": +0}]"#, expect!["A Adjust(1) Intent"]);
    check(r#"{"product_id": "A", "quantity_change": ++5}"#, expect!["not_json: not JSON: expected value at line 1 column 40"]);
    check(r#"{"product_id": "A", "quantity_change": +-5}"#, expect!["not_json: not JSON: expected value at line 1 column 40"]);
    check(r#"{"product_id": "A", "quantity_change": -+5}"#, expect!["not_json: not JSON: invalid number at line 1 column 41"]);
    check(r#"{"product_id": "A", "quantity_change": + 5}"#, expect!["not_json: not JSON: expected value at line 1 column 40"]);
    check(r#"{"product_id": "A", "quantity_change": 5+5}"#, expect!["not_json: not JSON: expected `,` or `}` at line 1 column 41"]);
    check(r#"{"product_id": "A", "quantity_change": +05}"#, expect!["not_json: not JSON: invalid number at line 1 column 42"]);
    check(r#"{"product_id": "A", "quantity_change": +"5"}"#, expect!["not_json: not JSON: expected value at line 1 column 40"]);
    check(r#"{"product_id": +A, "quantity_change": +5}"#, expect!["not_json: not JSON: expected value at line 1 column 16"]);
    check(r#"{"product_id": "A, "quantity_change": +5}"#, expect!["not_json: not JSON: expected `,` or `}` at line 1 column 21"]);
}

#[test]
fn a_known_field_stands_once() {
    check_fields(r#""product_id": "B""#, expect!["repeated_field: product_id is there more than once"]);
    check_fields(r#""reason": null, "reason": null"#, expect!["repeated_field: reason is there more than once"]);
    check_fields(r#""quantity_ch\u0061nge": 1"#, expect!["repeated_field: quantity_change is there more than once"]);
    check_fields(r#""other": 1, "other": 2, "id": 1, "id": 2"#, expect!["A Adjust(1) Intent"]);
    check_fields(r#""attributes": {"a": 1, "a": 1}"#, expect!["repeated_field: an attribute is there more than once"]);
}

#[test]
fn product_id_is_a_text_of_1_to_128_bytes_without_control_characters() {
    let sku = |sku: &str| format!(r#"{{"product_id": {sku}, "quantity_change": 1}}"#);
    let long = |count| sku(&format!("\"{}\"", "ä".repeat(count)));
    check(r#"{"quantity_change": 1}"#, expect!["missing_field: product_id is missing"]);
    check(&sku("null"), expect!["missing_field: product_id is missing"]);
    check(&sku("7"), expect!["wrong_type: product_id must be text, not a number"]);
    check(&sku("[\"A\"]"), expect!["wrong_type: product_id must be text, not a list"]);
    check(&sku(r#""\ud800""#), expect!["lone_surrogate: product_id holds half of a surrogate pair"]);
    check(&sku(r#""""#), expect!["empty_text: product_id is empty"]);
    check(&long(65), expect!["text_too_long: product_id has 130 bytes, the limit is 128"]);
    assert_eq!(decode(long(64).as_bytes(), None, Nature::Intent).expect("128 bytes fit").sku.len(), 128);
    check(&sku(r#""A\u0000""#), expect!["nul_character: product_id holds U+0000"]);
    check(&sku(r#""A\n""#), expect!["control_character: product_id holds a control character"]);
    check(&sku("\"A\u{7f}\""), expect!["control_character: product_id holds a control character"]);
    check(&sku("\"A\u{85}\""), expect!["control_character: product_id holds a control character"]);
    check(&sku(r#""\u0053KU \"1\" \ud83d\udce6""#), expect![[r#"SKU "1" 📦 Adjust(1) Intent"#]]);
}

#[test]
fn kind_says_which_quantity_is_needed() {
    let kind = |rest: &str| format!(r#"{{"product_id": "A", {rest}}}"#);
    check(&kind(r#""kind": "adjust", "quantity_change": -2"#), expect!["A Adjust(-2) Intent"]);
    check(&kind(r#""kind": "count", "quantity": 0"#), expect!["A Count(0) Fact"]);
    check(&kind(r#""kind": "c\u006funt", "quantity": 7"#), expect!["A Count(7) Fact"]);
    check(&kind(r#""kind": "Count", "quantity": 7"#), expect![[r#"unknown_kind: kind must be adjust or count, not "Count""#]]);
    check(&kind(r#""kind": 1, "quantity": 7"#), expect!["wrong_type: kind must be text, not a number"]);
    check(&kind(r#""kind": "count", "quantity_change": 7"#), expect!["missing_field: quantity is missing"]);
    check(&kind(r#""quantity": 7"#), expect!["missing_field: quantity_change is missing"]);
    check(&kind(r#""kind": "count", "quantity": -1"#), expect!["negative: quantity is negative: -1"]);
    check(&kind(r#""kind": "count", "quantity": 7, "quantity_change": "ignored""#), expect!["A Count(7) Fact"]);
    check(&kind(r#""kind": "adjust", "quantity_change": 7, "quantity": -1.5"#), expect!["A Adjust(7) Intent"]);
}

#[test]
fn integers_are_never_converted() {
    let units = |units: &str| format!(r#"{{"product_id": "A", "quantity_change": {units}}}"#);
    check(&units("9223372036854775807"), expect!["A Adjust(9223372036854775807) Intent"]);
    check(&units("-9223372036854775808"), expect!["A Adjust(-9223372036854775808) Intent"]);
    check(&units("\"5\""), expect!["wrong_type: quantity_change must be an integer, not text"]);
    check(&units("true"), expect!["wrong_type: quantity_change must be an integer, not a boolean"]);
    check(&units("{}"), expect!["wrong_type: quantity_change must be an integer, not an object"]);
    check(&units("5.0"), expect!["not_an_integer: quantity_change must be written as an integer, not 5.0"]);
    check(&units("1e3"), expect!["not_an_integer: quantity_change must be written as an integer, not 1e3"]);
    check(&units("1E400"), expect!["not_an_integer: quantity_change must be written as an integer, not 1E400"]);
    check(&units("0.5"), expect!["not_an_integer: quantity_change must be written as an integer, not 0.5"]);
    check(&units("9223372036854775808"), expect!["out_of_range: quantity_change does not fit 64 bits: 9223372036854775808"]);
    check(&units("-9223372036854775809"), expect!["out_of_range: quantity_change does not fit 64 bits: -9223372036854775809"]);
    check(&units(&"9".repeat(500)), expect!["out_of_range: quantity_change does not fit 64 bits: 9999999999999999999999999999999999999999999999999999999999999999…"]);
    check(&units("0"), expect!["zero_change: quantity_change is 0"]);
    check(&units("-0"), expect!["zero_change: quantity_change is 0"]);
    check(&units("+0"), expect!["zero_change: quantity_change is 0"]);
}

#[test]
fn a_count_is_always_a_fact() {
    let count = r#"{"product_id": "A", "kind": "count", "quantity": 7, "nature": "intent"}"#;
    check(count, expect!["A Count(7) Fact"]);
    check_fields(r#""nature": "fact""#, expect![[r#"A Adjust(1) Fact facts={"nature":"fact"}"#]]);
    check_fields(r#""nature": "intent""#, expect!["A Adjust(1) Intent"]);
    check_fields(r#""nature": "wish""#, expect![[r#"unknown_nature: nature must be intent or fact, not "wish""#]]);
    check_fields(r#""nature": false"#, expect!["wrong_type: nature must be text, not a boolean"]);
}

#[test]
fn the_configured_nature_is_kept_with_the_event() {
    let value = with_fields(r#""nature": null"#);
    expect![[r#"A Adjust(1) Fact facts={"nature":"fact"}"#]].assert_eq(&told(decode(value.as_bytes(), None, Nature::Fact)));
    let value = with_fields(r#""nature": "intent""#);
    expect!["A Adjust(1) Intent"].assert_eq(&told(decode(value.as_bytes(), None, Nature::Fact)));
}

#[test]
fn expected_version_is_0_or_more() {
    check_fields(r#""expected_version": 0"#, expect![[r#"A Adjust(1) Intent version=0 facts={"expected_version":0}"#]]);
    check_fields(r#""expected_version": -1"#, expect!["negative: expected_version is negative: -1"]);
    check_fields(r#""expected_version": 1.0"#, expect!["not_an_integer: expected_version must be written as an integer, not 1.0"]);
}

#[test]
fn occurred_at_is_rfc_3339() {
    check_fields(r#""occurred_at": "1970-01-01T00:00:01Z""#, expect!["A Adjust(1) Intent at=1000"]);
    check_fields(r#""occurred_at": "2026-11-24T18:20:00.1239+01:00""#, expect!["A Adjust(1) Intent at=1795540800123"]);
    check_fields(r#""occurred_at": "1969-12-31T23:59:59.999Z""#, expect!["A Adjust(1) Intent at=-1"]);
    check_fields(r#""occurred_at": "2026-11-24""#, expect![[r#"bad_time: occurred_at is not a time by RFC 3339: "2026-11-24""#]]);
    check_fields(r#""occurred_at": "2026-02-30T00:00:00Z""#, expect![[r#"bad_time: occurred_at is not a time by RFC 3339: "2026-02-30T00:00:00Z""#]]);
    check_fields(r#""occurred_at": "yesterday, or so, but nobody knows for certain, because the clock was slow""#, expect![[r#"bad_time: occurred_at is not a time by RFC 3339: "yesterday, or so, but nobody knows for certain, because the clo…"#]]);
    check_fields(r#""occurred_at": 1700000000000"#, expect!["wrong_type: occurred_at must be text, not a number"]);
}

#[test]
fn the_other_facts_are_kept() {
    check_fields(r#""reason": "sale", "reference": "4711", "channel": "web", "location": "B\u00e4r""#, expect![[r#"A Adjust(1) Intent facts={"reason":"sale","reference":"4711","channel":"web","location":"Bär"}"#]]);
    check_fields(r#""reason": "", "channel": null"#, expect![[r#"A Adjust(1) Intent facts={"reason":""}"#]]);
    check_fields(r#""reason": 5"#, expect!["wrong_type: reason must be text, not a number"]);
    check_fields(&format!(r#""location": "{}""#, "x".repeat(201)), expect!["text_too_long: location has 201 bytes, the limit is 200"]);
    check_fields(r#""channel": "a\u0000b""#, expect!["nul_character: channel holds U+0000"]);
    check_fields(r#""other": 5, "reas\u006fn": "escaped""#, expect![[r#"A Adjust(1) Intent facts={"reason":"escaped"}"#]]);
}

#[test]
fn attributes_are_texts_integers_and_booleans() {
    check_fields(r#""attributes": {"b": "x", "a": -7, "c": true, "d": null}"#, expect![[r#"A Adjust(1) Intent facts={"attributes":{"a":-7,"b":"x","c":true}}"#]]);
    check_fields(r#""attributes": {}"#, expect!["A Adjust(1) Intent facts={}"]);
    check_fields(r#""attributes": ["a"]"#, expect!["wrong_type: attributes must be an object, not a list"]);
    check_fields(r#""attributes": {"a": {}}"#, expect!["wrong_type: attributes must be texts, integers and booleans, not an object"]);
    check_fields(r#""attributes": {"a": 1.5}"#, expect!["not_an_integer: attributes must be written as an integer, not 1.5"]);
    check_fields(r#""attributes": {"a": 9223372036854775808}"#, expect!["out_of_range: attributes does not fit 64 bits: 9223372036854775808"]);
    check_fields(r#""attributes": {"": 1}"#, expect!["empty_text: attributes is empty"]);
    check_fields(r#""attributes": {"a\u0000": 1}"#, expect!["nul_character: attributes holds U+0000"]);
    check_fields(r#""attributes": {"\ud800": 1}"#, expect!["lone_surrogate: attributes holds half of a surrogate pair"]);
    check_fields(&format!(r#""attributes": {{"a": "{}"}}"#, "x".repeat(201)), expect!["text_too_long: attributes has 201 bytes, the limit is 200"]);
    check_fields(&format!(r#""attributes": {{"{}": 1}}"#, "x".repeat(201)), expect!["text_too_long: attributes has 201 bytes, the limit is 200"]);
}

#[test]
fn there_are_at_most_32_attributes() {
    let attributes = |count| {
        let each: Vec<_> = (0..count).map(|n| format!(r#""{n}": {n}"#)).collect();
        with_fields(&format!(r#""attributes": {{{}}}"#, each.join(",")))
    };
    let decoded = decode(attributes(32).as_bytes(), None, Nature::Intent).map(|decoded| decoded.facts);
    assert_eq!(decoded.expect("32 fit").expect("they are facts").attributes.len(), 32);
    check(&attributes(33), expect!["too_many_attributes: attributes holds 33, the limit is 32"]);
}

#[test]
fn a_uuid_without_source_is_its_own_key() {
    check_fields(&format!(r#""event_id": "{UUID}""#), expect!["A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e"]);
    check_fields(&format!(r#""event_id": "{}""#, UUID.to_uppercase()), expect!["A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e"]);
    check_fields(&format!(r#""event_id": "{UUID}", "source": """#), expect!["A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e"]);
}

#[test]
fn every_other_identity_is_hashed() {
    check_fields(&format!(r#""event_id": "{UUID}", "source": "shop""#), expect![[r#"A Adjust(1) Intent key=29cc1eff8511c4d7eae9da1dabbf9c49 facts={"source":"shop"}"#]]);
    check_fields(&format!(r#""event_id": "{}""#, UUID.replace('-', "")), expect!["A Adjust(1) Intent key=c3d3fff1921624b1805d1fbe7b8378ba"]);
    check_fields(&format!(r#""event_id": "{{{UUID}}}""#), expect!["A Adjust(1) Intent key=fd6ccdfad55b61676aee16ec1f94bdb2"]);
    check_fields(r#""event_id": "order-4711""#, expect!["A Adjust(1) Intent key=baabbbec3ea8e88df25fe378ccf8aff8"]);
    check_fields(r#""event_id": "b", "source": "a""#, expect![[r#"A Adjust(1) Intent key=3c9d591045bc8876f9d0399bbfb05c6a facts={"source":"a"}"#]]);
    check_fields(r#""event_id": "ab""#, expect!["A Adjust(1) Intent key=aabbe87f5a0bc882194375649341bbcc"]);
}

#[test]
fn ids_and_sources_have_limits() {
    let long = "x".repeat(201);
    check_fields(r#""event_id": """#, expect!["empty_text: event_id is empty"]);
    check_fields(&format!(r#""event_id": "{long}""#), expect!["text_too_long: event_id has 201 bytes, the limit is 200"]);
    check_fields(r#""event_id": 4711"#, expect!["wrong_type: event_id must be text, not a number"]);
    check_fields(r#""event_id": "a\u0000""#, expect!["nul_character: event_id holds U+0000"]);
    check_fields(r#""source": "shop""#, expect![[r#"A Adjust(1) Intent facts={"source":"shop"}"#]]);
    check_fields(&format!(r#""source": "{long}""#), expect!["text_too_long: source has 201 bytes, the limit is 200"]);
}

#[test]
fn the_first_identity_that_is_there_is_taken() {
    let value = with_fields(r#""source": "s", "event_id": "body""#);
    let plain = r#"{"product_id": "A", "quantity_change": 1}"#;
    let binary = [("ce_source", "cs"), ("ce_id", "ci"), ("event-id", "header")];
    check_record(&binary, &value, expect![[r#"A Adjust(1) Intent key=e4b724547795e0b892cd9afb38da9520 facts={"source":"cs"}"#]]);
    check_record(&binary[1..], &value, expect![[r#"A Adjust(1) Intent key=5ff555eff0ad49200e7a15b15cb14d28 facts={"source":"s"}"#]]);
    check_record(&binary[2..], plain, expect!["A Adjust(1) Intent key=aa5d4bf2e614517b2fde50fba105867a"]);
    check_record(&binary[..1], plain, expect!["A Adjust(1) Intent"]);
    check_record(&[("event-id", UUID)], &with_fields(r#""source": "s""#), expect![[r#"A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e facts={"source":"s"}"#]]);
    check_record(&[("event-id", "a"), ("event-id", UUID), ("Event-Id", "b")], plain, expect!["A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e"]);
}

#[test]
fn headers_that_are_asked_have_limits() {
    let long = "x".repeat(1000);
    let plain = r#"{"product_id": "A", "quantity_change": 1}"#;
    check_record(&[("event-id", "")], plain, expect!["empty_text: event-id is empty"]);
    check_record(&[("event-id", &long)], plain, expect!["text_too_long: event-id has 201 bytes, the limit is 200"]);
    check_record(&[("event-id", "a\0")], plain, expect!["nul_character: event-id holds U+0000"]);
    check_record(&[("ce_id", "a"), ("ce_source", &long)], plain, expect!["text_too_long: ce_source has 201 bytes, the limit is 200"]);
    check_record(&[("ce_id", ""), ("ce_source", "")], plain, expect!["empty_text: ce_id is empty"]);
    check_record(&[("event-id", "")], &with_fields(r#""event_id": "body""#), expect!["A Adjust(1) Intent key=2f4ab7c5e5c14ed57fa89b246105ee20"]);
    let bytes = with([("event-id", &b"\xff"[..])]);
    expect!["not_utf8: event-id is not UTF-8, from byte 0 on"].assert_eq(&told(decode(plain.as_bytes(), Some(&bytes), Nature::Intent)));
}

#[test]
fn a_structured_cloud_event_is_unwrapped() {
    let envelope = |rest: &str| format!(r#"{{"specversion": "1.0", "type": "t", {rest}}}"#);
    let data = r#""data": {"product_id": "A", "quantity_change": +1, "event_id": "inner", "source": "i"}"#;
    check(&envelope(&format!(r#""id": "{UUID}", "source": "", {data}"#)), expect!["A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e"]);
    check(&envelope(&format!(r#""id": "o", "source": "s", "time": "1970-01-01T00:00:01Z", {data}"#)), expect![[r#"A Adjust(1) Intent key=094549a49a2004bedfb6fae70683d11c at=1000 facts={"source":"s"}"#]]);
    check(&envelope(data), expect![[r#"A Adjust(1) Intent key=3d060737ada4f1507ad182d4468e04dc facts={"source":"i"}"#]]);
    check(&envelope(r#""source": "s", "data": {"product_id": "A", "quantity_change": 1}"#), expect![[r#"A Adjust(1) Intent facts={"source":"s"}"#]]);
    let timed = r#""data": {"product_id": "A", "quantity_change": 1, "occurred_at": "1970-01-01T00:00:02Z"}"#;
    check(&envelope(&format!(r#""time": "1970-01-01T00:00:01Z", {timed}"#)), expect!["A Adjust(1) Intent at=2000"]);
    check_record(&[("ce_source", "cs"), ("ce_id", "ci")], &envelope(&format!(r#""id": "o", {data}"#)), expect![[r#"A Adjust(1) Intent key=e4b724547795e0b892cd9afb38da9520 facts={"source":"cs"}"#]]);
}

#[test]
fn an_envelope_without_an_event_is_malformed() {
    let envelope = |rest: &str| format!(r#"{{"specversion": "1.0", "id": "o", {rest}}}"#);
    check(&envelope(r#""product_id": "A", "quantity_change": 1"#), expect!["missing_field: data is missing"]);
    check(&envelope(r#""data": "{}""#), expect!["wrong_type: data must be an object, not text"]);
    check(&envelope(r#""data": {}"#), expect!["missing_field: product_id is missing"]);
    check(&envelope(r#""id": "p", "data": {}"#), expect!["repeated_field: id is there more than once"]);
    check(&envelope(r#""time": "now", "data": {"product_id": "A", "quantity_change": 1}"#), expect![[r#"bad_time: time is not a time by RFC 3339: "now""#]]);
    check(&envelope(r#""data": {"specversion": "1.0", "data": {"product_id": "A", "quantity_change": 1}}"#), expect!["missing_field: product_id is missing"]);
}

#[test]
fn a_trace_is_told_and_never_refused() {
    let plain = r#"{"product_id": "A", "quantity_change": 1}"#;
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    check_record(&[("traceparent", trace)], plain, expect!["A Adjust(1) Intent trace=af7651916cd43dd8448eb211c80319c"]);
    check_record(&[("traceparent", "nonsense"), ("tracestate", "")], plain, expect!["A Adjust(1) Intent"]);
}

#[test]
fn fields_are_judged_in_the_order_of_their_table() {
    let mut fields = vec![
        r#""attributes": 1"#,
        r#""location": 1"#,
        r#""channel": 1"#,
        r#""reference": 1"#,
        r#""reason": 1"#,
        r#""occurred_at": 1"#,
        r#""expected_version": "x""#,
        r#""nature": 1"#,
        r#""source": 1"#,
        r#""event_id": 1"#,
        r#""quantity_change": "x""#,
        r#""kind": 1"#,
        r#""product_id": 1"#,
    ];
    let mut order = Vec::new();
    while let Some(worst) = fields.last() {
        let value = match fields.len() {
            13 => format!("{{{}}}", fields.join(",")),
            12 => format!(r#"{{"product_id": "A", {}}}"#, fields.join(",")),
            11 => format!(r#"{{"product_id": "A", {}}}"#, fields.join(",")),
            _ => with_fields(&fields.join(",")),
        };
        let answer = told(decode(value.as_bytes(), None, Nature::Intent));
        let name = worst.split('"').nth(1).expect("a field has a name");
        assert!(answer.starts_with(&format!("wrong_type: {name} ")), "{answer}");
        order.push(name);
        fields.pop();
    }
    assert_eq!(order.len(), 13);
}

#[test]
fn the_readme_lists_every_code_in_order() {
    let readme = include_str!("../README.md");
    let (_, table) = readme.split_once("| code |").expect("there is a table of codes");
    let codes = table.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: Vec<_> = codes.map(|(code, _)| code).collect();
    assert_eq!(listed, Malformed::CODES);
}
