//! A rule that uses everything, read from packed columns as the service sends them.
#![expect(
    unreachable_pub,
    reason = "a rule is a crate of its own, this one is a module"
)]

use crate::abi::{Reader, declaration::lines};
use crate::prelude::*;

rule! {
    facts {
        sku,
        kind,
        nature,
        change,
        limit = integer("order-limit"),
        gift = boolean("gift"),
        campaign = text("campaign"),
        channel,
    }
    parameters {
        smallest = 1 in 0..=1_000: "Smallest order, in units.",
        lowest = -5 in -1_000_000..=-1: "Lowest stock, in units.",
    }
    codes {
        too_small: "The order is too small.",
        gift_wrapped: "It is a gift.",
    }
}

fn decide(event: &Facts, parameters: &Parameters) -> Verdict {
    if event.kind == Kind::Count || event.nature == Nature::Fact {
        return Accept;
    }
    match (event.limit, event.gift) {
        _ if -event.change < parameters.smallest => Reject(code::too_small),
        (Some(limit), _) => Clamp(limit),
        (None, Some(true)) => Flag(code::gift_wrapped),
        (None, _) => Accept,
    }
}

#[test]
fn a_rule_is_tested_without_wasm() {
    let order = Facts {
        change: -5,
        ..Facts::default()
    };
    let parameters = Parameters::default();
    assert_eq!(decide(&order, &parameters), Accept);
    let strict = Parameters {
        smallest: 6,
        ..parameters
    };
    assert_eq!(decide(&order, &strict), Reject(code::too_small));
}

#[test]
fn the_declaration_is_what_the_code_says() {
    let declared: Vec<_> = lines(__DECLARATION).collect();
    expect_all_read(&declared);
    assert_eq!(
        __DECLARATION.lines().nth(5),
        Some("read attribute:integer:order-limit")
    );
    assert_eq!(
        __DECLARATION.lines().nth(10),
        Some("parameter lowest -5 -1_000_000 -1 Lowest stock, in units.")
    );
    assert_eq!(declared.len(), 1 + 8 + 2 + 2);
}

fn expect_all_read<T>(declared: &[Result<T, &str>]) {
    let unread: Vec<_> = declared
        .iter()
        .filter_map(|line| line.as_ref().err())
        .collect();
    assert!(unread.is_empty(), "{unread:?}");
}

#[test]
fn facts_are_read_in_the_order_of_their_declaration() {
    let mut writer = crate::abi::Writer::default();
    writer
        .texts([Some("A"), Some("B")].into_iter())
        .expect("short");
    writer.numbers([0, 1].into_iter());
    writer.numbers([0, 1].into_iter());
    writer.numbers([-5, 7].into_iter());
    writer.integers([Some(3), None].into_iter());
    writer.booleans([None, Some(true)].into_iter());
    writer
        .texts([Some("spring"), None].into_iter())
        .expect("short");
    writer
        .texts([Some("web"), None].into_iter())
        .expect("short");
    let (columns, text) = writer.finish();
    let reader = Reader::new(2, &columns, &text);

    let first = Facts {
        sku: "A",
        change: -5,
        limit: Some(3),
        campaign: Some("spring"),
        channel: "web",
        ..Facts::default()
    };
    let second = Facts {
        sku: "B",
        kind: Kind::Count,
        nature: Nature::Fact,
        change: 7,
        gift: Some(true),
        ..Facts::default()
    };
    assert_eq!(Facts::__read(&reader, 0), first);
    assert_eq!(Facts::__read(&reader, 1), second);
    assert_eq!(
        Clamp(3).encode(),
        decide(&first, &Parameters::__read(&[1, -5])).encode()
    );
}
