//! What each value means, rule by rule in order of precedence.

mod envelope;
mod facts;
mod fields;
mod identity;
mod whole;

use std::fmt::Write;

use expect_test::Expect;
use plimsoll_domain::Nature;
use plimsoll_wire::{Decoded, Headers, Malformed, decode};

const UUID: &str = "0193b3c8-7d1e-7a50-9c1d-3f2a5b6c7d8e";
const PLAIN: &str = r#"{"product_id": "A", "quantity_change": 1}"#;

fn check(value: &str, expect: Expect) {
    check_bytes(
        &Headers::default(),
        value.as_bytes(),
        Nature::Intent,
        expect,
    );
}

fn check_record(headers: &[(&str, &str)], value: &str, expect: Expect) {
    let headers = with(
        headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes())),
    );
    check_bytes(&headers, value.as_bytes(), Nature::Intent, expect);
}

/// Checks an event that has `fields` beyond the shortest form.
fn check_fields(fields: &str, expect: Expect) {
    check(&with_fields(fields), expect);
}

fn check_bytes(headers: &Headers, value: &[u8], nature: Nature, expect: Expect) {
    expect.assert_eq(&told(decode(value, Some(headers), nature)));
}

fn with_fields(fields: &str) -> String {
    PLAIN.replace('}', &format!(", {fields}}}"))
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
    add(
        "version",
        decoded.expected_version.map(|version| version.to_string()),
    );
    add("at", decoded.occurred_ms.map(|ms| ms.to_string()));
    add(
        "trace",
        decoded.trace.map(|trace| format!("{:x}", trace.id)),
    );
    add("facts", decoded.facts.map(|facts| facts.pack()));
    text
}

#[test]
fn the_readme_lists_every_code_in_order() {
    let readme = include_str!("../../README.md");
    let (_, table) = readme
        .split_once("| code |")
        .expect("there is a table of codes");
    let codes = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let listed: Vec<_> = codes.map(|(code, _)| code).collect();
    assert_eq!(listed, Malformed::CODES);
}
