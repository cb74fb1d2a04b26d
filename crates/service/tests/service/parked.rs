//! `parked`: listed by what they wait for, released when they can, refused when told to.

use sea_orm::sqlx::Row;

use crate::history;
use crate::support::{done, json, plimsoll, row, sql};

#[test]
fn events_that_wait_are_listed_by_what_they_wait_for() {
    let url = history::database();
    let listed = |which: &[&str]| {
        json(&url, &[&["parked", "list", "--json"], which].concat())["parked"]
            .as_array()
            .expect("a list")
            .len()
    };
    assert_eq!(
        (
            listed(&[]),
            listed(&["--sku", "C"]),
            listed(&["--code", "unknown_sku"])
        ),
        (1, 1, 1)
    );
    assert_eq!(
        (
            listed(&["--sku", "A"]),
            listed(&["--code", "behind"]),
            listed(&["--rule", "r"])
        ),
        (0, 0, 0)
    );
}

#[test]
fn a_release_decides_again_and_what_cannot_be_decided_stays() {
    let url = history::database();
    let said = done(&url, &["parked", "release", "--all"]);
    assert_eq!(
        said,
        "Released 0 events of 1 SKU.\n1 event still waits; `plimsoll parked list` says what for.\n"
    );
    sql(
        &url,
        "INSERT INTO products (sku, current_stock) VALUES ('C', 1)",
    );
    assert_eq!(
        done(&url, &["parked", "release", "--sku", "C"]),
        "Released 1 event of 1 SKU.\n"
    );
    let product = row(
        &url,
        "SELECT current_stock, version, held FROM products WHERE sku = 'C'",
    );
    assert_eq!(
        (
            product.get::<i64, _>(0),
            product.get::<i64, _>(1),
            product.get::<bool, _>(2)
        ),
        (7, 1, false)
    );
    assert_eq!(plimsoll(&url, &["verify"]).code, 0);
}

#[test]
fn a_refusal_by_an_operator_is_kept_with_the_name() {
    let url = history::database();
    assert_eq!(
        done(
            &url,
            &[
                "parked",
                "reject",
                "--code",
                "unknown_sku",
                "--by",
                "me@here"
            ]
        ),
        "Rejected 1 event, by me@here.\n"
    );
    let refusal = row(
        &url,
        "SELECT format('%s %s %s %s/%s', outcome, code, detail, partition, record_offset) FROM refusals WHERE sku = 'C'",
    );
    assert_eq!(
        refusal.get::<String, _>(0),
        "rejected rejected_by_operator me@here 1/2"
    );
    assert_eq!(plimsoll(&url, &["verify"]).code, 0);
}
