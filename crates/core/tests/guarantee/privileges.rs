//! What the user of the service may do, and what it may not.

use anyhow::Result;

use crate::world::{World, adjust};

#[tokio::test(flavor = "multi_thread")]
async fn the_runtime_role_is_enough_to_run_and_can_neither_change_the_ledger_nor_the_schema()
-> Result<()> {
    let mut world = World::new(2).await?;
    world.product("A", 0).await?;
    world
        .sql("CREATE ROLE shop_stock LOGIN IN ROLE plimsoll_runtime")
        .await?;
    world.settings.database.url = world
        .settings
        .database
        .url
        .replace("plimsoll@", "shop_stock@");
    world.settings.part_bytes_max = 1;
    let running = world.run();
    world.send(
        0,
        [
            adjust("A", 5).id("x"),
            adjust("A", 5).id("x"),
            adjust("A", -9),
            adjust("new", 1),
        ],
    )?;
    world.caught_up().await?;
    world.product("new", 0).await?;
    world.until("SELECT count(*) FROM parked", 0).await?;
    world
        .until("SELECT count(*) > 1 FROM plimsoll_internal.parts", true)
        .await?;
    world.send(1, [adjust("A", 1), adjust("new", 1)])?;
    world.finish(running).await?;
    for forbidden in [
        "UPDATE plimsoll_internal.ledger_1 SET quantity_change = 1",
        "DELETE FROM plimsoll_internal.ledger_2",
        "DELETE FROM plimsoll_internal.lines",
        "TRUNCATE plimsoll_internal.ledger_1",
        "UPDATE plimsoll_internal.refused SET code = 'x'",
        "DELETE FROM plimsoll_internal.positions",
        "DELETE FROM products",
        "DROP TABLE plimsoll_internal.ledger_1",
        "ALTER TABLE products ADD COLUMN x int",
        "CREATE TABLE plimsoll_internal.x ()",
    ] {
        // Statements sent together are one transaction, and the role ends with it.
        let tried = world
            .sql(&format!("SET LOCAL ROLE shop_stock; {forbidden}"))
            .await;
        let refusal = format!("{:#}", tried.expect_err(forbidden));
        let refused = ["permission denied", "must be owner"];
        assert!(
            refused.iter().any(|why| refusal.contains(why)),
            "{forbidden}: {refusal}"
        );
    }
    Ok(())
}
