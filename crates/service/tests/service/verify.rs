//! `verify` holds over a sound past, and turns red for each way of breaking it.

use serde_json::Value;

use crate::history;
use crate::support::{done, plimsoll, sql};

/// Breaks a sound past and answers what `verify` finds.
fn findings(breaking: &str) -> Vec<String> {
    let url = history::database();
    sql(&url, breaking);
    let answer = plimsoll(&url, &["verify", "--json"]);
    let report: Value = serde_json::from_str(&answer.stdout).expect("JSON");
    let checks = report["checks"].as_array().expect("a list of checks");
    let broken = checks.iter().flat_map(|check| {
        let found = check["broken"].as_array().expect("a list of places");
        found.iter().map(|broken| {
            [&check["invariant"], &broken["place"], &broken["what"]]
                .map(|text| text.as_str().expect("text"))
                .join(": ")
        })
    });
    let broken: Vec<String> = broken.collect();
    assert_eq!(answer.code, i32::from(!broken.is_empty()), "{answer:?}");
    assert_eq!(report["holds"], broken.is_empty());
    broken
}

/// A break of the ledger, or of what is beside it, shows as exactly these findings.
fn breaks(breaking: &str, expected: &[&str]) {
    assert_eq!(findings(breaking), expected, "{breaking}");
}

#[test]
fn a_sound_past_holds() {
    assert_eq!(findings(""), Vec::<String>::new());
    let text = done(&history::database(), &["verify"]);
    assert!(
        text.starts_with("3 products and 4 ledger lines at ")
            && text.ends_with("\nEverything holds.\n"),
        "{text}"
    );
}

#[test]
fn stock_that_was_changed_is_found_and_said_to_be_changed_past_us() {
    breaks(
        "UPDATE products SET current_stock = 13 WHERE sku = 'A'",
        &[
            "I1: A: opening 10 and changes of 2, but the stock is 13: somebody changed it past Plimsoll, and no event has met it since",
            "I3 I4: A: the ledger ends at version 3 with 12, the product is at 3 with 13: somebody changed it past Plimsoll, and no event has met it since",
        ],
    );
}

#[test]
fn a_lost_line_is_found() {
    breaks(
        "DELETE FROM plimsoll_internal.ledger_1 WHERE product_id = 1 AND version = 2",
        &[
            "I1: A: opening 10 and changes of 6, but the stock is 12",
            "I3 I4: A: version 3 follows 1",
        ],
    );
    breaks(
        "DELETE FROM plimsoll_internal.ledger_1 WHERE product_id = 2",
        &[
            "I1: B: opening 9 and changes of 0, but the stock is 4",
            "I3 I4: B: the ledger ends at version 7 with 9, the product is at 8 with 4",
        ],
    );
}

#[test]
fn a_doubled_line_is_found() {
    breaks(
        "INSERT INTO plimsoll_internal.ledger_1 SELECT * FROM plimsoll_internal.ledger_1 WHERE version = 1",
        &[
            "I1: A: opening 10 and changes of 7, but the stock is 12",
            "I3 I4: A: version 1 follows 1",
            "I7: t/0/0: has 2 rows: ledger, ledger",
            "I8: A: version 1 is t/0/0, applied after offset 0",
        ],
    );
}

#[test]
fn a_nudged_line_is_found() {
    breaks(
        "UPDATE plimsoll_internal.ledger_1 SET stock_after = 16 WHERE version = 1",
        &["I3 I4: A: version 1: 10 and a change of 5 leave 16"],
    );
    breaks(
        "UPDATE plimsoll_internal.ledger_1 SET quantity_change = -3, stock_after = 12 WHERE version = 2",
        &[
            "I1: A: opening 10 and changes of 3, but the stock is 12",
            "I3 I4: A: version 3: 12 and a change of 1 leave 12",
        ],
    );
}

#[test]
fn a_lost_update_that_also_counts_versions_is_found() {
    breaks(
        "UPDATE plimsoll_internal.ledger_1 SET stock_after = 6 WHERE version = 2; UPDATE products SET current_stock = 7, ledger_stock = 7 WHERE sku = 'A';
         UPDATE plimsoll_internal.ledger_1 SET stock_after = 7 WHERE version = 3",
        &["I1: A: opening 10 and changes of 2, but the stock is 7", "I3 I4: A: version 2: 15 and a change of -4 leave 6"],
    );
}

#[test]
fn an_opening_that_is_gone_or_a_line_of_nobody_is_found() {
    breaks(
        "DELETE FROM plimsoll_internal.openings WHERE product_id = 1",
        &["I3 I4: A: starts with version 1 instead of an opening"],
    );
    breaks(
        "INSERT INTO plimsoll_internal.openings (product_id, version, stock) VALUES (77, 0, 1)",
        &["I3 I4: product 77: version 0 belongs to no product"],
    );
}

#[test]
fn stock_below_its_floor_or_a_floor_nobody_guards_is_found() {
    breaks(
        "ALTER TABLE products DROP CONSTRAINT products_stock_not_below_floor; UPDATE products SET stock_floor = 5 WHERE sku = 'B'",
        &[
            "I2: B: stock 4 is below the floor 5",
            "I2: products: the constraint products_stock_not_below_floor is missing or not validated",
        ],
    );
}

#[test]
fn lines_in_another_order_than_their_records_are_found() {
    breaks(
        "UPDATE plimsoll_internal.ledger_1 SET record_offset = 3 - record_offset WHERE product_id = 1 AND partition = 0",
        &["I8: A: version 3 is t/0/0, applied after offset 3"],
    );
}

#[test]
fn a_record_with_rows_in_two_places_is_found() {
    breaks(
        "UPDATE plimsoll_internal.refused SET record_offset = 3 WHERE code = 'not_json'",
        &["I7: t/0/3: has 2 rows: ledger, refusals"],
    );
    breaks(
        "UPDATE plimsoll_internal.parked_events SET record_offset = 1",
        &["I7: t/1/1: has 2 rows: parked, refusals"],
    );
}

#[test]
fn a_position_behind_its_own_rows_is_found() {
    breaks(
        "UPDATE plimsoll_internal.positions SET next_offset = 5 WHERE partition = 0",
        &["I7: t/0: has a row at offset 5, but its position is 5"],
    );
    breaks(
        "DELETE FROM plimsoll_internal.positions WHERE partition = 1",
        &["I7: t/1: has 3 rows, but no position"],
    );
    breaks(
        "UPDATE plimsoll_internal.refused SET partition = 2, record_offset = 33 WHERE code = 'not_json'",
        &["I7: t/2/33: has a row in the refusals, but lies in the gap from 31 to 34"],
    );
}

#[test]
fn a_hold_without_events_and_events_without_a_hold_are_found() {
    breaks(
        "UPDATE plimsoll_internal.unknown_skus SET held = false",
        &["I14: C: has parked events, but is not held: later ones overtake them"],
    );
    breaks(
        "UPDATE products SET held = true WHERE sku = 'B'",
        &["I14: B: is held, but nothing of it is parked: nothing will release it"],
    );
}

#[test]
fn only_as_many_places_are_named_as_asked_for() {
    let url = history::database();
    sql(
        &url,
        "UPDATE products SET current_stock = current_stock + 1 WHERE decisions > 0",
    );
    let text = plimsoll(&url, &["verify", "--limit", "1"]).stdout;
    assert!(
        text.contains("               A: ") && !text.contains("               B: "),
        "{text}"
    );
}
