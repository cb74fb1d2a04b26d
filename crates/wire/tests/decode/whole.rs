//! The value as a whole: size, encoding, depth, syntax, plus signs.

use expect_test::expect;
use plimsoll_domain::Nature;
use plimsoll_wire::Headers;

use crate::{PLAIN, check, check_bytes, check_fields, with};

#[test]
fn the_value_as_a_whole_comes_first() {
    check("", expect!["empty_value: the value is empty"]);
    check(
        &" ".repeat((1 << 20) + 1),
        expect!["value_too_large: the value has 1048577 bytes, the limit is 1048576"],
    );
    check(
        " ",
        expect!["not_json: not JSON: EOF while parsing a value at line 1 column 1"],
    );
    check(
        "\u{feff}{}",
        expect!["not_json: not JSON: expected value at line 1 column 1"],
    );
    check(
        r#"{"product_id": "A", "quantity_change": 1} x"#,
        expect!["not_json: not JSON: trailing characters at line 1 column 43"],
    );
    check(
        r#"{"product_id": "A", "quantity_change": 01}"#,
        expect!["not_json: not JSON: invalid number at line 1 column 41"],
    );
    check(
        r#"{"product_id": "A", "quantity_change": 1,}"#,
        expect!["not_json: not JSON: trailing comma at line 1 column 42"],
    );
    check(
        "{\"product_id\": \"A\tB\", \"quantity_change\": 1}",
        expect![[
            r#"not_json: not JSON: control character (\u0000-\u001F) found while parsing a string at line 1 column 17"#
        ]],
    );
    check(
        "[1, 2",
        expect!["not_json: not JSON: EOF while parsing a list at line 1 column 5"],
    );
    check(
        "[1, 2]",
        expect!["not_an_object: the value is not a JSON object"],
    );
    check(
        r#""text""#,
        expect!["not_an_object: the value is not a JSON object"],
    );
    check(
        "+5",
        expect!["not_an_object: the value is not a JSON object"],
    );
    check(
        "null",
        expect!["not_an_object: the value is not a JSON object"],
    );
    check("{}", expect!["missing_field: product_id is missing"]);
}

#[test]
fn a_value_of_exactly_1_mib_is_read() {
    let mut value = PLAIN.to_owned();
    value.push_str(&" ".repeat((1 << 20) - value.len()));
    check(&value, expect!["A Adjust(1) Intent"]);
    value.push(' ');
    check(
        &value,
        expect!["value_too_large: the value has 1048577 bytes, the limit is 1048576"],
    );
}

#[test]
fn a_value_that_is_not_utf8_says_where() {
    let value = b"{\"product_id\": \"A\xff\"}";
    check_bytes(
        &Headers::default(),
        value,
        Nature::Intent,
        expect!["not_utf8: the value is not UTF-8, from byte 17 on"],
    );
}

#[test]
fn too_many_headers_come_before_what_the_value_says() {
    let some = |count| with(std::iter::repeat_n(("name", &b"value"[..]), count));
    check_bytes(
        &some(64),
        b"\xff",
        Nature::Intent,
        expect!["not_utf8: the value is not UTF-8, from byte 0 on"],
    );
    check_bytes(
        &some(65),
        b"\xff",
        Nature::Intent,
        expect!["too_many_headers: the record has 65 headers, the limit is 64"],
    );
    check_bytes(
        &some(65),
        b"",
        Nature::Intent,
        expect!["empty_value: the value is empty"],
    );
}

#[test]
fn nesting_is_limited_in_ignored_fields_too() {
    let lists = |count| format!(r#""ignored": {}{}"#, "[".repeat(count), "]".repeat(count));
    check_fields(&lists(15), expect!["A Adjust(1) Intent"]);
    check_fields(
        &lists(16),
        expect!["too_deep: the value nests deeper than 16 levels"],
    );
    let objects = |count| {
        format!(
            r#""ignored": {}1{}"#,
            r#"{"a":"#.repeat(count),
            "}".repeat(count)
        )
    };
    check_fields(&objects(15), expect!["A Adjust(1) Intent"]);
    check_fields(
        &objects(16),
        expect!["too_deep: the value nests deeper than 16 levels"],
    );
    check_fields(
        &lists(100_000),
        expect!["too_deep: the value nests deeper than 16 levels"],
    );
    check_fields(
        r#""ignored": [[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]"#,
        expect!["A Adjust(1) Intent"],
    );
    check_fields(
        r#""ignored": "[[[[[[[[[[[[[[[[[[[[\"[[""#,
        expect!["A Adjust(1) Intent"],
    );
    check(
        &"[".repeat(17),
        expect!["too_deep: the value nests deeper than 16 levels"],
    );
}

#[test]
fn a_plus_sign_leads_a_number_outside_strings_only() {
    check(
        r#"{"product_id": "SKU123", "quantity_change": +5}"#,
        expect!["SKU123 Adjust(5) Intent"],
    );
    check(
        r#"{"product_id":"A","quantity_change":+5,"expected_version":+0}"#,
        expect![[r#"A Adjust(5) Intent version=0 facts={"expected_version":0}"#]],
    );
    check(
        r#"{"product_id": "a: +5, \": +5", "quantity_change": +5}"#,
        expect![[r#"a: +5, ": +5 Adjust(5) Intent"#]],
    );
    check_fields(
        r#""reason": "was: +5", "attributes": {"n": +7, "t": ",+7"}"#,
        expect![[
            r#"A Adjust(1) Intent facts={"reason":"was: +5","attributes":{"n":7,"t":",+7"}}"#
        ]],
    );
    check_fields(
        r#""ignored": [+1, +2.5e+3, {"x": +0}]"#,
        expect!["A Adjust(1) Intent"],
    );
    check(
        r#"{"product_id": "A", "quantity_change": ++5}"#,
        expect!["not_json: not JSON: expected value at line 1 column 40"],
    );
    check(
        r#"{"product_id": "A", "quantity_change": +-5}"#,
        expect!["not_json: not JSON: expected value at line 1 column 40"],
    );
    check(
        r#"{"product_id": "A", "quantity_change": -+5}"#,
        expect!["not_json: not JSON: invalid number at line 1 column 41"],
    );
    check(
        r#"{"product_id": "A", "quantity_change": + 5}"#,
        expect!["not_json: not JSON: expected value at line 1 column 40"],
    );
    check(
        r#"{"product_id": "A", "quantity_change": 5+5}"#,
        expect!["not_json: not JSON: expected `,` or `}` at line 1 column 41"],
    );
    check(
        r#"{"product_id": "A", "quantity_change": +05}"#,
        expect!["not_json: not JSON: invalid number at line 1 column 42"],
    );
    check(
        r#"{"product_id": "A", "quantity_change": +"5"}"#,
        expect!["not_json: not JSON: expected value at line 1 column 40"],
    );
    check(
        r#"{"product_id": +A, "quantity_change": +5}"#,
        expect!["not_json: not JSON: expected value at line 1 column 16"],
    );
    check(
        r#"{"product_id": "A, "quantity_change": +5}"#,
        expect!["not_json: not JSON: expected `,` or `}` at line 1 column 21"],
    );
}
