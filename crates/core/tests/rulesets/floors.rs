//! A rule that lets stock fall lower than floors do is refused, with what to do.

use anyhow::Result;

use crate::bundles::rule;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn floors_that_stand_higher_than_a_rule_needs_refuse_it_while_it_decides() -> Result<()> {
    let world = World::new().await?;
    let digest = world.pushed("oversell").await?;
    world
        .sql("INSERT INTO products (sku, current_stock, stock_floor) VALUES ('BOOK-1', 5, 0), ('BOOK-2', 5, -50), ('CAR', 5, 0)")
        .await?;
    let bound = |mode: &str, skus: &str| {
        rule(digest, mode)
            + &format!("parameters = {{ limit = 50 }}\nselect = {{ sku = [{skus}] }}")
    };
    let refused = world.activate(&bound("enforce", "'BOOK-*', 'C?R'")).await;
    assert_eq!(
        refused.expect_err("two stand at 0").to_string(),
        "oversell needs floors of -50 or lower, but 2 of the products that it decides for stand \
         higher, BOOK-1 among them; type\n  \
           plimsoll products set-floor -50 --sku-pattern 'BOOK-*'\n  \
           plimsoll products set-floor -50 --sku-pattern 'C*R'"
    );
    assert!(world.activate(&bound("canary 1%", "")).await.is_err());
    for harmless in [
        bound("shadow", ""),
        bound("off", ""),
        bound("canary 0%", ""),
        bound("enforce", "'BOOK-2', 'NONE'"),
        rule(digest, "enforce"),
    ] {
        world.activate(&harmless).await?;
    }
    world.sql("UPDATE products SET stock_floor = -60").await?;
    world.activate(&bound("enforce", "")).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_floor_of_products_that_the_service_makes_refuses_a_rule_that_needs_a_lower_one()
-> Result<()> {
    let mut world = World::new().await?;
    let digest = world.pushed("oversell").await?;
    let bound = |mode: &str| rule(digest, mode) + "parameters = { limit = 50 }";
    world.created_floor = Some(-49);
    let refused = world.activate(&bound("enforce")).await;
    assert_eq!(
        refused.expect_err("new ones stand at -49").to_string(),
        "oversell needs floors of -50 or lower, but a product that the service makes for an \
         unknown SKU gets -49: write `stock.floor_default = -50` into the configuration and \
         restart the service, or let it make none with `stock.unknown_sku = \"park\"`"
    );
    world.activate(&bound("shadow")).await?;
    for low_enough in [Some(-50), None] {
        world.created_floor = low_enough;
        world.activate(&bound("enforce")).await?;
    }
    Ok(())
}
