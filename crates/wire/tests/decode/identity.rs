//! Where the identity comes from, and the key it becomes.

use expect_test::expect;
use plimsoll_domain::Nature;

use crate::{PLAIN, UUID, check_bytes, check_fields, check_record, with, with_fields};

#[test]
fn a_uuid_without_source_is_its_own_key() {
    check_fields(
        &format!(r#""event_id": "{UUID}""#),
        expect!["A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e"],
    );
    check_fields(
        &format!(r#""event_id": "{}""#, UUID.to_uppercase()),
        expect!["A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e"],
    );
    check_fields(
        &format!(r#""event_id": "{UUID}", "source": """#),
        expect!["A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e"],
    );
}

#[test]
fn every_other_identity_is_hashed() {
    check_fields(
        &format!(r#""event_id": "{UUID}", "source": "shop""#),
        expect![[
            r#"A Adjust(1) Intent key=29cc1eff8511c4d7eae9da1dabbf9c49 facts={"source":"shop"}"#
        ]],
    );
    check_fields(
        &format!(r#""event_id": "{}""#, UUID.replace('-', "")),
        expect!["A Adjust(1) Intent key=c3d3fff1921624b1805d1fbe7b8378ba"],
    );
    check_fields(
        &format!(r#""event_id": "{{{UUID}}}""#),
        expect!["A Adjust(1) Intent key=fd6ccdfad55b61676aee16ec1f94bdb2"],
    );
    check_fields(
        r#""event_id": "order-4711""#,
        expect!["A Adjust(1) Intent key=baabbbec3ea8e88df25fe378ccf8aff8"],
    );
    check_fields(
        r#""event_id": "b", "source": "a""#,
        expect![[
            r#"A Adjust(1) Intent key=3c9d591045bc8876f9d0399bbfb05c6a facts={"source":"a"}"#
        ]],
    );
    check_fields(
        r#""event_id": "ab""#,
        expect!["A Adjust(1) Intent key=aabbe87f5a0bc882194375649341bbcc"],
    );
}

#[test]
fn ids_and_sources_have_limits() {
    let long = "x".repeat(201);
    check_fields(
        r#""event_id": """#,
        expect!["empty_text: event_id is empty"],
    );
    check_fields(
        &format!(r#""event_id": "{long}""#),
        expect!["text_too_long: event_id has more than 200 bytes"],
    );
    check_fields(
        r#""event_id": 4711"#,
        expect!["wrong_type: event_id must be text, not a number"],
    );
    check_fields(
        r#""event_id": "a\u0000""#,
        expect!["nul_character: event_id holds U+0000"],
    );
    check_fields(
        r#""source": "shop""#,
        expect![[r#"A Adjust(1) Intent facts={"source":"shop"}"#]],
    );
    check_fields(
        &format!(r#""source": "{long}""#),
        expect!["text_too_long: source has more than 200 bytes"],
    );
}

#[test]
fn the_first_identity_that_is_there_is_taken() {
    let value = with_fields(r#""source": "s", "event_id": "body""#);
    let binary = [("ce_source", "cs"), ("ce_id", "ci"), ("event-id", "header")];
    check_record(
        &binary,
        &value,
        expect![[
            r#"A Adjust(1) Intent key=e4b724547795e0b892cd9afb38da9520 facts={"source":"cs"}"#
        ]],
    );
    check_record(
        &binary[1..],
        &value,
        expect![[
            r#"A Adjust(1) Intent key=5ff555eff0ad49200e7a15b15cb14d28 facts={"source":"s"}"#
        ]],
    );
    check_record(
        &binary[2..],
        PLAIN,
        expect!["A Adjust(1) Intent key=aa5d4bf2e614517b2fde50fba105867a"],
    );
    check_record(&binary[..1], PLAIN, expect!["A Adjust(1) Intent"]);
    check_record(
        &[("event-id", UUID)],
        &with_fields(r#""source": "s""#),
        expect![[
            r#"A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e facts={"source":"s"}"#
        ]],
    );
    check_record(
        &[("event-id", "a"), ("event-id", UUID), ("Event-Id", "b")],
        PLAIN,
        expect!["A Adjust(1) Intent key=0193b3c87d1e7a509c1d3f2a5b6c7d8e"],
    );
}

#[test]
fn headers_that_are_asked_have_limits() {
    let long = "x".repeat(1000);
    check_record(
        &[("event-id", "")],
        PLAIN,
        expect!["empty_text: event-id is empty"],
    );
    check_record(
        &[("event-id", &long)],
        PLAIN,
        expect!["text_too_long: event-id has more than 200 bytes"],
    );
    check_record(
        &[("event-id", &long[..200])],
        PLAIN,
        expect!["A Adjust(1) Intent key=31f161ec69376a2630e360294c92b1fa"],
    );
    // The last byte that is kept is half of a character.
    check_record(
        &[("event-id", &format!("{}ä", &long[..200]))],
        PLAIN,
        expect!["text_too_long: event-id has more than 200 bytes"],
    );
    check_record(
        &[("event-id", "a\0")],
        PLAIN,
        expect!["nul_character: event-id holds U+0000"],
    );
    check_record(
        &[("ce_id", "a"), ("ce_source", &long)],
        PLAIN,
        expect!["text_too_long: ce_source has more than 200 bytes"],
    );
    check_record(
        &[("ce_id", ""), ("ce_source", "")],
        PLAIN,
        expect!["empty_text: ce_id is empty"],
    );
    check_record(
        &[("event-id", "")],
        &with_fields(r#""event_id": "body""#),
        expect!["A Adjust(1) Intent key=2f4ab7c5e5c14ed57fa89b246105ee20"],
    );
    let bytes = with([("event-id", &b"\xff"[..])]);
    check_bytes(
        &bytes,
        PLAIN.as_bytes(),
        Nature::Intent,
        expect!["not_utf8: event-id is not UTF-8, from byte 0 on"],
    );
}
