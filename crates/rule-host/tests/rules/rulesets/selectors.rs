//! What a rule is asked about: only what its selector matches, and nothing else is sent to it.

use std::borrow::Cow;

use plimsoll_domain::{Kind, Nature};
use plimsoll_rule_host::ruleset::Selector;
use plimsoll_rule_host::{Attribute, Facts};

use super::{asked, enforced, ruleset, written};
use crate::support::{GUILTY, answer, event, named};

fn selector(toml: &str) -> Selector {
    toml::from_str(toml).expect("a selector")
}

/// Selectors, and whether they select a web order of the shop, a gift of 3 lines.
const SELECTORS: &[(&str, bool)] = &[
    ("", true),
    ("sku = ['*']", true),
    ("sku = ['HAT-*', 'SHOE-4?']", true),
    ("sku = ['SHOE-4']", false),
    ("kind = ['adjust']", true),
    ("kind = ['count']", false),
    ("kind = ['count', 'adjust']", true),
    ("source = ['shop']", true),
    ("source = ['shop*']", false),
    ("channel = ['app', 'web']", true),
    ("channel = ['app']", false),
    ("location = ['berlin']", false),
    ("attributes.gift = [true]", true),
    ("attributes.gift = ['true']", false),
    ("attributes.lines = [1, 2, 3]", true),
    ("attributes.lines = [4]", false),
    ("attributes.campaign = ['summer', 'sale']", true),
    ("attributes.campaign = ['sum*']", false),
    ("attributes.colour = ['red']", false),
    (
        "channel = ['web']\nsku = ['SHOE-*']\nattributes.gift = [true]",
        true,
    ),
    (
        "channel = ['web']\nsku = ['SHOE-*']\nattributes.gift = [false]",
        false,
    ),
];

#[test]
fn all_that_a_selector_names_must_match() {
    let rules = named(&[("flags", &answer(1, 0))]);
    let attributes = [
        (Cow::Borrowed("gift"), Attribute::Boolean(true)),
        (Cow::Borrowed("lines"), Attribute::Integer(3)),
        (Cow::Borrowed("campaign"), Attribute::Text("summer".into())),
    ];
    let row = Facts {
        sku: "SHOE-42",
        source: Some("shop"),
        location: None,
        attributes: &attributes,
        ..event(GUILTY)
    };
    for &(text, selected) in SELECTORS {
        let mut binding = enforced(&rules[0]);
        binding.select = selector(text);
        let ruleset = ruleset(&rules, vec![binding]);
        let (answers, report) = asked(&ruleset, &[row]);
        let expected = if selected {
            "accept +flags:refused"
        } else {
            "accept"
        };
        assert_eq!(written(&ruleset, &answers[0]), expected, "{text}");
        assert_eq!(
            report.spent.len(),
            usize::from(selected),
            "{text}: asked needlessly"
        );
        let each = ruleset.answers(&row).expect("asked");
        let says: Vec<_> = each.iter().map(|answer| answer.says.as_str()).collect();
        let expected: &[_] = if selected {
            &["flag refused (It is refused.)"]
        } else {
            &[]
        };
        assert_eq!(says, expected, "{text}");
    }
}

#[test]
fn a_count_is_selected_by_its_kind() {
    let rules = named(&[("flags", &answer(1, 0))]);
    let mut binding = enforced(&rules[0]);
    binding.select = selector("kind = ['count']");
    let ruleset = ruleset(&rules, vec![binding]);
    let count = Facts {
        kind: Kind::Count(1_000 + GUILTY),
        nature: Nature::Fact,
        ..event(0)
    };
    let (answers, _) = asked(&ruleset, &[event(GUILTY), count]);
    let written: Vec<_> = answers
        .iter()
        .map(|answer| written(&ruleset, answer))
        .collect();
    assert_eq!(written, ["accept", "accept +flags:refused"]);
}

#[test]
fn each_answer_finds_its_own_row() {
    let rules = named(&[
        ("web", &answer(1, 0)),
        ("shoes", &answer(3, 0)),
        ("all", &answer(2, 5)),
    ]);
    let mut bindings: Vec<_> = rules.iter().map(enforced).collect();
    bindings[0].select = selector("channel = ['web']");
    bindings[1].select = selector("sku = ['SHOE-*']");
    let ruleset = ruleset(&rules, bindings);
    let row = |sku, channel| Facts {
        sku,
        channel,
        ..event(GUILTY)
    };
    let rows = [
        row("HAT-1", None),
        row("SHOE-1", Some("web")),
        row("HAT-1", Some("web")),
        row("SHOE-1", Some("app")),
        event(-1),
    ];
    let (answers, report) = asked(&ruleset, &rows);
    let written: Vec<_> = answers
        .iter()
        .map(|answer| written(&ruleset, answer))
        .collect();
    assert_eq!(
        written,
        [
            "clamp 5 +all:clamped",
            "reject shoes:refused +web:refused +all:clamped",
            "clamp 5 +web:refused +all:clamped",
            "reject shoes:refused +all:clamped",
            "accept",
        ]
    );
    let questions: Vec<_> = report
        .spent
        .iter()
        .map(|spent| (&*spent.bundle, spent.questions))
        .collect();
    assert_eq!(questions, [("web", 3), ("shoes", 2), ("all", 5)]);
}
