//! Tables and rows that were there before Plimsoll, or came past it.

use anyhow::Result;
use expect_test::expect;

use crate::world::{World, adjust};

const LEDGER: &str =
    "SELECT sku, version, kind, quantity_change, stock_after FROM ledger ORDER BY sku, version";
const PRODUCTS: &str = "SELECT sku, current_stock, version, stock_floor FROM products ORDER BY sku";

#[tokio::test(flavor = "multi_thread")]
async fn a_product_that_came_after_the_migration_is_adopted_when_it_is_first_met() -> Result<()> {
    let mut world = World::new(1).await?;
    world
        .sql("INSERT INTO products (sku, current_stock, version) VALUES ('A', 10, 4), ('B', 2, 0)")
        .await?;
    world.send(0, [adjust("A", 5), adjust("B", -3), adjust("A", -1)])?;
    world.finish(world.run()).await?;
    expect![[r#"
        (A,4,opening,0,10)
        (A,5,adjust,5,15)
        (A,6,adjust,-1,14)
        (B,0,opening,0,2)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_adopted_table_refuses_what_its_narrow_columns_cannot_hold_and_the_service_goes_on()
-> Result<()> {
    let mut world = World::adopting(
        "CREATE TABLE products (id serial PRIMARY KEY, sku text NOT NULL UNIQUE,
            current_stock int NOT NULL, version int NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO products (sku, current_stock, version) VALUES
            ('full', 2147483646, 7), ('old', 5, 2147483647), ('fine', 1, 0)",
    )
    .await?;
    world.send(
        0,
        [
            adjust("full", 2),
            adjust("full", 1),
            adjust("old", 1),
            adjust("fine", 1),
        ],
    )?;
    world.finish(world.run()).await?;
    expect![[r#"
        (full,0,rejected,overflow,2147483646,7)
        (old,2,rejected,overflow,5,2147483647)"#]]
    .assert_eq(
        &world
            .rows("SELECT sku, record_offset, outcome, code, stock_seen, version_seen FROM refusals ORDER BY record_offset")
            .await?,
    );
    expect![[r#"
        (fine,2,1,0)
        (full,2147483647,8,0)
        (old,5,2147483647,0)"#]]
    .assert_eq(&world.rows(PRODUCTS).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn negative_stock_is_adopted_and_becomes_its_own_floor() -> Result<()> {
    let mut world = World::adopting(
        "CREATE TABLE products (id bigint PRIMARY KEY, sku text NOT NULL UNIQUE,
            current_stock bigint NOT NULL, version bigint NOT NULL, updated_at timestamptz NOT NULL DEFAULT now());
         INSERT INTO products (id, sku, current_stock, version) VALUES (1, 'A', -7, 3)",
    )
    .await?;
    world.send(0, [adjust("A", -1), adjust("A", 2), adjust("A", -2)])?;
    world.finish(world.run()).await?;
    expect!["(A,-7,5,-7)"].assert_eq(&world.rows(PRODUCTS).await?);
    expect![[r#"
        (A,3,opening,0,-7)
        (A,4,adjust,2,-5)
        (A,5,adjust,-2,-7)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    Ok(())
}
