//! One event, one outcome, one row.

use anyhow::Result;
use expect_test::expect;
use plimsoll_sandbox::workload::{Produced, Shape, Traffic};

use crate::world::{World, adjust, count, eventually, record};

const LEDGER: &str =
    "SELECT sku, version, kind, quantity_change, stock_after FROM ledger ORDER BY sku, version";
const REFUSALS: &str = "
    SELECT record_offset, sku, outcome, code, stock_seen, version_seen, floor_seen
    FROM refusals ORDER BY partition, record_offset";

#[tokio::test(flavor = "multi_thread")]
async fn stock_never_sinks_below_its_floor() -> Result<()> {
    let mut world = World::new(1).await?;
    world
        .sql("INSERT INTO products (sku, current_stock, stock_floor) VALUES ('A', 3, 1)")
        .await?;
    world.send(0, [-3, -1, -2, -1, 1, -1].map(|change| adjust("A", change)))?;
    world.finish(world.run()).await?;
    expect![[r#"
        (0,A,rejected,below_floor,3,0,1)
        (2,A,rejected,below_floor,2,1,1)"#]]
    .assert_eq(&world.rows(REFUSALS).await?);
    expect![[r#"
        (A,0,opening,0,3)
        (A,1,adjust,-1,2)
        (A,2,adjust,-1,1)
        (A,3,adjust,1,2)
        (A,4,adjust,-1,1)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_for_another_version_is_stale() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 3).await?;
    world.send(
        0,
        [
            adjust("A", 1).expecting(0),
            adjust("A", 1).expecting(0),
            adjust("A", 1).expecting(1),
            adjust("A", 1).expecting(9),
        ],
    )?;
    world.finish(world.run()).await?;
    expect![[r#"
        (1,A,rejected,stale,4,1,0)
        (3,A,rejected,stale,5,2,0)"#]]
    .assert_eq(&world.rows(REFUSALS).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_sets_stock_and_one_that_agrees_is_a_movement_of_nothing() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 3).await?;
    world.send(0, [count("A", 8), count("A", 8), count("A", 0)])?;
    world.send(0, [adjust("A", 4), adjust("A", i64::MAX)])?;
    world.finish(world.run()).await?;
    expect![[r#"
        (A,0,opening,0,3)
        (A,1,count,5,8)
        (A,2,count,0,8)
        (A,3,count,-8,0)
        (A,4,adjust,4,4)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    expect!["(4,A,rejected,overflow,4,4,0)"].assert_eq(&world.rows(REFUSALS).await?);
    Ok(())
}

/// The day of each event, and its time as `explain` and replays read it.
const TIMES: &str = "
    SELECT room, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD'), (extract(epoch FROM at) * 1000)::bigint
    FROM (SELECT 'ledger', occurred_at FROM ledger WHERE kind = 'adjust'
          UNION ALL SELECT 'parked', occurred_at FROM parked
          UNION ALL SELECT 'refusals', occurred_at FROM refusals) e (room, at) ORDER BY room";

#[tokio::test(flavor = "multi_thread")]
async fn a_time_that_nobody_can_read_is_shown_as_the_nearest_that_one_can() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 1).await?;
    let values = [adjust("A", 1), adjust("A", -9), adjust("A", -9).fact()];
    world.send_all(values.map(|value| Produced {
        timestamp_ms: Some(1_700_000_000_000_000_000),
        ..record(0, Some(value.into()))
    }))?;
    world.finish(world.run()).await?;
    expect![[r#"
        (ledger,9999-12-31,253402300799000)
        (parked,9999-12-31,253402300799000)
        (refusals,9999-12-31,253402300799000)"#]]
    .assert_eq(&world.rows(TIMES).await?);
    expect!["(253402300799000)"].assert_eq(
        &world
            .rows("SELECT occurred_ms FROM plimsoll_internal.lines")
            .await?,
    );
    // As the version before stored whatever came.
    world
        .sql(
            "UPDATE plimsoll_internal.lines SET occurred_ms = 9223372036854775807;
             UPDATE plimsoll_internal.parked_events SET occurred_ms = -9223372036854775808;
             UPDATE plimsoll_internal.refused SET occurred_ms = NULL",
        )
        .await?;
    expect![[r#"
        (ledger,9999-12-31,253402300799000)
        (parked,0001-01-01,-62135596800000)
        (refusals,,)"#]]
    .assert_eq(&world.rows(TIMES).await?);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_no_event_is_kept_byte_for_byte_and_disturbs_nothing() -> Result<()> {
    let mut world = World::new(1).await?;
    world.product("A", 3).await?;
    world.send(0, [adjust("A", 1)])?;
    world.send(0, POISON.map(<[u8]>::to_vec))?;
    let headers = vec![("h".to_owned(), vec![0]); 65];
    let value = Vec::from(adjust("A", 1));
    world.send_all([
        record(0, None),
        Produced {
            headers,
            ..record(0, Some(value))
        },
        record(0, Some(vec![b' '; (1 << 20) + 1])),
    ])?;
    world.send(0, [adjust("A", 1)])?;
    world.finish(world.run()).await?;
    expect![[r#"
        (1,not_utf8,22)
        (2,not_json,1)
        (3,not_an_integer,42)
        (4,not_an_integer,42)
        (5,wrong_type,42)
        (6,out_of_range,58)
        (7,nul_character,44)
        (8,too_deep,34)
        (9,missing_field,21)
        (10,zero_change,40)
        (11,empty_value,)
        (12,too_many_headers,38)
        (13,value_too_large,1048577)"#]]
    .assert_eq(
        &world
            .rows("SELECT record_offset, code, length(payload) FROM refusals WHERE outcome = 'malformed' ORDER BY 1")
            .await?,
    );
    expect![[r#"
        (A,0,opening,0,3)
        (A,1,adjust,1,4)
        (A,2,adjust,1,5)"#]]
    .assert_eq(&world.rows(LEDGER).await?);
    Ok(())
}

/// Records by outcome.
const OUTCOMES: &str = "
    SELECT outcome, count(*) FROM (
        SELECT 'applied' AS outcome FROM ledger WHERE partition IS NOT NULL
        UNION ALL SELECT outcome FROM refusals
        UNION ALL SELECT 'parked' FROM parked
    ) AS records GROUP BY outcome ORDER BY outcome";

#[tokio::test(flavor = "multi_thread")]
async fn the_metrics_count_each_outcome_as_often_as_it_has_rows() -> Result<()> {
    const RECORDS: u32 = 1_000;
    let mut world = World::new(4).await?;
    world.products(5, 3).await?;
    let shape = Shape {
        skus: 6,
        poison: 0.1,
        duplicates: 0.1,
        ..Shape::default()
    };
    world.send_all(Traffic::new(shape, 12).take(RECORDS as usize))?;
    let running = world.run();
    world.caught_up().await?;
    let counted = || running.metric("plimsoll_events_total");
    eventually("all are counted", || counted() == f64::from(RECORDS)).await?;
    let rows = world.rows(OUTCOMES).await?;
    let mut outcomes = Vec::new();
    for row in rows.lines() {
        let (outcome, count) = row.trim_matches(['(', ')']).split_once(',').expect("two");
        let label = format!("outcome=\"{outcome}\"");
        let counted = running.metric_with("plimsoll_events_total", &label);
        assert_eq!(counted.to_string(), count, "{outcome}");
        outcomes.push(outcome);
    }
    assert_eq!(
        outcomes,
        ["applied", "duplicate", "malformed", "parked", "rejected"]
    );
    world.finish(running).await
}

const POISON: [&[u8]; 10] = [
    b"{\"product_id\": \"A\xff\xfe\"} ",
    b"{",
    br#"{"product_id":"A","quantity_change": 5.0 }"#,
    br#"{"product_id":"A","quantity_change": 1e3 }"#,
    br#"{"product_id":"A","quantity_change": "5" }"#,
    br#"{"product_id":"A","quantity_change": 9223372036854775808 }"#,
    br#"{"product_id":"A\u0000","quantity_change":5}"#,
    b"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]",
    br#"{"quantity_change":5}"#,
    br#"{"product_id":"A","quantity_change": 0 }"#,
];
