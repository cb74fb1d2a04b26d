//! `migrate`: from many replicas at once, over a table that is there already, and not over one of
//! another shape.

use std::process::Stdio;

use sea_orm::sqlx::Row;

use crate::support::{command, done, empty, json, plimsoll, row, sql};

#[test]
fn many_replicas_may_migrate_at_once() {
    let url = empty();
    let start = |_| {
        command(&url, &["migrate", "up"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts")
    };
    let replicas: Vec<_> = (0..6).map(start).collect();
    let outputs: Vec<_> = replicas
        .into_iter()
        .map(|replica| replica.wait_with_output().expect("it ends"))
        .collect();
    assert!(
        outputs.iter().all(|output| output.status.success()),
        "{outputs:?}"
    );
    let applied = outputs
        .iter()
        .filter(|output| output.stdout.starts_with(b"Applied 3 migrations"))
        .count();
    assert_eq!(applied, 1, "{outputs:?}");
    assert_eq!(
        json(&url, &["migrate", "status", "--json"])["pending"],
        serde_json::json!([])
    );
}

#[test]
fn a_table_that_is_there_is_adopted_and_stock_below_zero_is_listed() {
    let url = empty();
    sql(&url, "CREATE TABLE products (id serial PRIMARY KEY, sku varchar(64) UNIQUE NOT NULL, current_stock int NOT NULL, version int NOT NULL, updated_at timestamptz DEFAULT now());
        INSERT INTO products (sku, current_stock, version) VALUES ('A', 7, 3), ('LOW', -4, 0)");
    let said = done(&url, &["migrate", "up"]);
    assert!(
        said.contains("Adopted 2 products;")
            && said.contains("LOW             -4")
            && !said.contains("A  "),
        "{said}"
    );
    let low = json(&url, &["products", "show", "LOW", "--json"]);
    assert_eq!(
        (&low["product"]["stock_floor"], &low["ledger"][0]["kind"]),
        (&(-4).into(), &"opening".into())
    );
    assert_eq!(plimsoll(&url, &["verify"]).code, 0);
}

#[test]
fn a_table_of_another_shape_is_refused_and_left_alone() {
    let url = empty();
    sql(
        &url,
        "CREATE TABLE products (id bigint, sku text, current_stock numeric, updated_at timestamptz)",
    );
    let answer = plimsoll(&url, &["migrate", "up"]);
    assert_eq!(answer.code, 1);
    assert!(
        answer.stderr.contains(
            "current_stock is numeric, not smallint or integer or bigint; no column version"
        ),
        "{answer:?}"
    );
    let schemas: i64 = row(
        &url,
        "SELECT count(*) FROM pg_namespace WHERE nspname = 'plimsoll_internal'",
    )
    .get(0);
    assert_eq!(schemas, 0);
    sql(
        &url,
        "DROP TABLE products; CREATE TABLE products (id bigint, sku text, current_stock bigint, version bigint, updated_at timestamptz)",
    );
    assert!(
        plimsoll(&url, &["migrate", "up"])
            .stderr
            .contains("sku is not unique")
    );
}
