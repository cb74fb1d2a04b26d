//! `explain`: every kind of answer in words.

use expect_test::{Expect, expect};

use crate::history::{self, KEY};
use crate::support::{done, json, plimsoll, sql};

/// What is said about a record, without the time of the test.
fn check(url: &str, record: &str, expected: Expect) {
    let said = done(url, &["explain", "--record", record]);
    let lines: Vec<String> = said
        .lines()
        .filter(|line| !line.starts_with("  recorded: "))
        .map(|line| format!("{line}\n"))
        .collect();
    expected.assert_eq(lines.concat().trim_start());
}

#[test]
fn each_record_is_explained_by_its_row() {
    let url = history::database();
    check(
        &url,
        "t/0/0",
        expect![[r#"
        t/0/0 was applied: the stock of A went from 10 to 15 (+5), version 1.
          occurred: 2023-11-14T22:13:20+00:00
    "#]],
    );
    check(
        &url,
        "t/0/1",
        expect![[r#"
        t/0/1 was refused: a change of -99 would have left A below its floor.
          decided on: stock 15, version 1, floor 0
          occurred: 2023-11-14T22:13:20+00:00
    "#]],
    );
    check(
        &url,
        "t/0/2",
        expect![[r#"
        t/0/2 changed nothing: it says nothing readable about a SKU (not_json).
          detail: not JSON: expected value
          value: hi !o
    "#]],
    );
    check(
        &url,
        "t/0/3",
        expect![[r#"
        t/0/3 was applied as a count: the stock of A went from 11 to 12, version 3.
          occurred: 2023-11-14T22:13:20+00:00
    "#]],
    );
    check(
        &url,
        "t/1/1",
        expect![[r#"
        t/1/1 changed nothing: an event of A with this identity was decided before.
          decided on: stock 11, version 2, floor 0
          occurred: 2023-11-14T22:13:20+00:00
    "#]],
    );
    check(
        &url,
        "t/1/2",
        expect![[r#"
        t/1/2 waits: a change of +6 of C, until that product exists.
          occurred: 2023-11-14T22:13:20+00:00
    "#]],
    );
}

#[test]
fn a_time_that_nobody_can_read_keeps_nothing_from_being_explained() {
    let url = history::database();
    sql(
        &url,
        "UPDATE plimsoll_internal.ledger_1 SET occurred_ms = 1700000000000000000;
         UPDATE plimsoll_internal.parked_events SET occurred_ms = 1700000000000000000",
    );
    check(
        &url,
        "t/0/0",
        expect![[r#"
        t/0/0 was applied: the stock of A went from 10 to 15 (+5), version 1.
          occurred: 9999-12-31T23:59:59+00:00
    "#]],
    );
    assert_eq!(plimsoll(&url, &["parked", "list"]).code, 0);
}

#[test]
fn a_record_without_a_row_is_explained_too() {
    let url = history::database();
    check(
        &url,
        "t/0/4",
        expect![[r#"
        t/0/4 has no row, and its partition is applied beyond it: nothing was there to apply (a transaction marker, a record of an aborted transaction, or one that compaction removed).
    "#]],
    );
    check(
        &url,
        "t/0/6",
        expect![[r#"
        t/0/6 is not applied yet: t/0 is running at offset 6.
    "#]],
    );
    check(
        &url,
        "t/2/44",
        expect![[r#"
        t/2/44 is not applied yet: t/2 is halted at offset 40, because retention deleted offsets 40 to 49.
    "#]],
    );
    check(
        &url,
        "t/2/29",
        expect![[r#"
        t/2/29 has no row any more, or never had one: rows of t/2 are kept from offset 30 on.
    "#]],
    );
    check(
        &url,
        "t/7/0",
        expect![[r#"
        t/7/0: no service ever claimed t/7.
    "#]],
    );
    let said = done(&url, &["explain", "--record", "t/2/32"]);
    assert!(
        said.starts_with(
            "t/2/32 was given up with offsets 31 to 34: disk lost. Accepted by ops@here on "
        ),
        "{said}"
    );
}

#[test]
fn an_event_is_explained_with_all_its_copies() {
    let url = history::database();
    for arguments in [
        &["explain", KEY, "--json"][..],
        &["explain", KEY, "--sku", "A", "--json"],
    ] {
        let explained = json(&url, arguments);
        let rows = explained["rows"].as_array().expect("rows");
        let rooms: Vec<_> = rows
            .iter()
            .map(|row| row["room"].as_str().expect("text"))
            .collect();
        assert_eq!(
            (explained["event_key"].as_str(), rooms),
            (Some(KEY), vec!["ledger", "refusals"])
        );
    }
    assert_eq!(plimsoll(&url, &["explain", KEY, "--sku", "B"]).code, 1);
    assert_eq!(
        plimsoll(&url, &["explain", KEY, "--source", "shop"]).code,
        1
    );
}
