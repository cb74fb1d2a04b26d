//! The fields that are only kept.

use expect_test::expect;
use plimsoll_domain::Nature;
use plimsoll_wire::decode;

use crate::{check, check_fields, with_fields};

#[test]
fn the_other_facts_are_kept() {
    check_fields(
        r#""reason": "sale", "reference": "4711", "channel": "web", "location": "B\u00e4r""#,
        expect![[
            r#"A Adjust(1) Intent facts={"reason":"sale","reference":"4711","channel":"web","location":"Bär"}"#
        ]],
    );
    check_fields(
        r#""reason": "", "channel": null"#,
        expect![[r#"A Adjust(1) Intent facts={"reason":""}"#]],
    );
    check_fields(
        r#""reason": 5"#,
        expect!["wrong_type: reason must be text, not a number"],
    );
    check_fields(
        &format!(r#""location": "{}""#, "x".repeat(201)),
        expect!["text_too_long: location has more than 200 bytes"],
    );
    check_fields(
        r#""channel": "a\u0000b""#,
        expect!["nul_character: channel holds U+0000"],
    );
    check_fields(
        r#""other": 5, "reas\u006fn": "escaped""#,
        expect![[r#"A Adjust(1) Intent facts={"reason":"escaped"}"#]],
    );
}

#[test]
fn attributes_are_texts_integers_and_booleans() {
    check_fields(
        r#""attributes": {"b": "x", "a": -7, "c": true, "d": null}"#,
        expect![[r#"A Adjust(1) Intent facts={"attributes":{"a":-7,"b":"x","c":true}}"#]],
    );
    check_fields(r#""attributes": {}"#, expect!["A Adjust(1) Intent"]);
    check_fields(
        r#""attributes": ["a"]"#,
        expect!["wrong_type: attributes must be an object, not a list"],
    );
    check_fields(
        r#""attributes": {"a": {}}"#,
        expect!["wrong_type: an attribute must be text, an integer or a boolean, not an object"],
    );
    check_fields(
        r#""attributes": {"a": 1.5}"#,
        expect!["not_an_integer: an attribute must be written as an integer, not 1.5"],
    );
    check_fields(
        r#""attributes": {"a": 9223372036854775808}"#,
        expect!["out_of_range: an attribute does not fit 64 bits: 9223372036854775808"],
    );
    check_fields(
        r#""attributes": {"": 1}"#,
        expect!["empty_text: the name of an attribute is empty"],
    );
    check_fields(
        r#""attributes": {"a\u0000": 1}"#,
        expect!["nul_character: the name of an attribute holds U+0000"],
    );
    check_fields(
        r#""attributes": {"\ud800": 1}"#,
        expect!["lone_surrogate: the name of an attribute holds half of a surrogate pair"],
    );
    check_fields(
        &format!(r#""attributes": {{"a": "{}"}}"#, "x".repeat(201)),
        expect!["text_too_long: an attribute has more than 200 bytes"],
    );
    check_fields(
        &format!(r#""attributes": {{"{}": 1}}"#, "x".repeat(201)),
        expect!["text_too_long: the name of an attribute has more than 200 bytes"],
    );
}

#[test]
fn there_are_at_most_32_attributes() {
    let attributes = |count| {
        let each: Vec<_> = (0..count).map(|n| format!(r#""{n}": {n}"#)).collect();
        with_fields(&format!(r#""attributes": {{{}}}"#, each.join(",")))
    };
    let decoded =
        decode(attributes(32).as_bytes(), None, Nature::Intent).map(|decoded| decoded.facts);
    assert_eq!(
        decoded
            .expect("32 fit")
            .expect("they are facts")
            .attributes
            .len(),
        32
    );
    check(
        &attributes(33),
        expect!["too_many_attributes: attributes holds 33, the limit is 32"],
    );
}
