//! `products`: imports that never change a stock, floors that never lie above one.

use std::io::Write;
use std::path::PathBuf;

use sea_orm::sqlx::Row;

use crate::history;
use crate::support::{done, json, migrated, plimsoll, row};

fn file(text: &str) -> (tempfile::NamedTempFile, PathBuf) {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("it can be written");
    let path = file.path().to_owned();
    (file, path)
}

fn import(url: &str, text: &str) -> crate::support::Answer {
    let (_file, path) = file(text);
    plimsoll(
        url,
        &[
            "products",
            "import",
            path.to_str().expect("UTF-8"),
            "--json",
        ],
    )
}

#[test]
fn an_import_adds_what_is_new_and_changes_nothing_else() {
    let url = history::database();
    let answer = import(
        &url,
        "sku,current_stock,stock_floor\nA,999,-50\nX,7,\nY,-3,-5\n",
    );
    assert_eq!(answer.code, 0, "{answer:?}");
    let counts: serde_json::Value = serde_json::from_str(&answer.stdout).expect("JSON");
    assert_eq!(
        counts,
        serde_json::json!({ "lines": 3, "imported": 2, "existing": 1 })
    );
    let products = row(
        &url,
        "SELECT string_agg(format('%s %s %s %s', sku, current_stock, stock_floor, decisions), ', ' ORDER BY sku) FROM products",
    );
    assert_eq!(
        products.get::<String, _>(0),
        "A 12 0 6, B 4 0 2, NEW 5 0 0, X 7 0 0, Y -3 -5 0"
    );
    assert_eq!(plimsoll(&url, &["verify"]).code, 0);
}

#[test]
fn one_bad_line_keeps_all_of_a_file_out() {
    let url = migrated();
    let answer = import(&url, "sku,current_stock\nX,7\nY,many\nX,8\n");
    assert_eq!(answer.code, 1);
    assert!(answer.stderr.contains("  line 3: current_stock `many` is not a whole number\n  line 4: X is on line 2 already\n"), "{answer:?}");
    assert_eq!(
        row(&url, "SELECT count(*) FROM products").get::<i64, _>(0),
        0
    );
    assert_eq!(import(&url, "name,stock\n").code, 2);
}

#[test]
fn a_large_import_goes_in_batches() {
    let url = migrated();
    let lines: String = (0..5_001).map(|n| format!("S{n},{n}\n")).collect();
    let answer = import(&url, &format!("sku,current_stock\n{lines}"));
    assert_eq!(answer.code, 0, "{answer:?}");
    let products = row(
        &url,
        "SELECT count(*), sum(current_stock)::bigint FROM products",
    );
    assert_eq!(
        (products.get::<i64, _>(0), products.get::<i64, _>(1)),
        (5_001, 5_000 * 5_001 / 2)
    );
}

#[test]
fn a_floor_is_a_change_of_the_row() {
    let url = history::database();
    assert_eq!(
        done(&url, &["products", "set-floor", "-9", "--sku-pattern", "*"]),
        "Set the floor of 3 products to -9.\n"
    );
    assert_eq!(
        done(&url, &["products", "set-floor", "3", "--sku", "A"]),
        "Set the floor of 1 product to 3.\n"
    );
    assert_eq!(
        done(&url, &["products", "set-floor", "3", "--sku", "A"]),
        "Set the floor of 0 products to 3.\n"
    );
    let products = row(
        &url,
        "SELECT string_agg(format('%s %s %s', sku, stock_floor, decisions), ', ' ORDER BY sku) FROM products",
    );
    assert_eq!(products.get::<String, _>(0), "A 3 8, B -9 3, NEW -9 1");
}

#[test]
fn a_floor_above_stock_is_refused_as_a_whole() {
    let url = history::database();
    let answer = plimsoll(&url, &["products", "set-floor", "5", "--all"]);
    assert_eq!(answer.code, 1);
    assert!(
        answer
            .stderr
            .contains("a floor of 5 lies above the stock of 1 product:\n  B has 4\n"),
        "{answer:?}"
    );
    assert_eq!(
        row(&url, "SELECT max(stock_floor) FROM products").get::<i64, _>(0),
        0
    );
    assert_eq!(
        plimsoll(&url, &["products", "set-floor", "0", "--sku-pattern", "Z*"]).code,
        1
    );
}

#[test]
fn a_product_is_shown_with_its_last_movements() {
    let url = history::database();
    let shown = json(&url, &["products", "show", "A", "--json"]);
    let versions: Vec<i64> = shown["ledger"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| line["version"].as_i64().expect("a number"))
        .collect();
    assert_eq!(
        (versions, &shown["product"]["current_stock"]),
        (vec![3, 2, 1, 0], &12.into())
    );
    let text = done(&url, &["products", "show", "A"]);
    assert!(
        text.starts_with("sku      A\nstock    12\nfloor    0\nversion  3\n"),
        "{text}"
    );
}
