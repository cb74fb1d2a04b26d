//! A short history, every outcome in it once: a topic on a real Kafka and, by hand, the database that is right for it.

use std::time::{Duration, Instant};

use plimsoll_sandbox::topics;
use plimsoll_tests::checker::Scope;
use plimsoll_tests::servers::{broker, cluster, database, sql};
use rdkafka::ClientConfig;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tokio::sync::OnceCell;

const TOPIC: &str = "history";
const LIMIT: Duration = Duration::from_secs(30);

/// The first 128 bits of SHA-256 over 4 as a big-endian u64, `shop`, 7 as one, `order-6`.
const DIGEST: &str = "fb54c63273c7f19bfbbd4971c1951afc";

/// Partition and value of the records that are committed, before the aborted one and after it.
const BEFORE: &[(i32, Option<&str>)] = &[
    (
        0,
        Some(
            r#"{"product_id": "A", "quantity_change": +5, "event_id": "00000000-0000-0000-0000-000000000001"}"#,
        ),
    ),
    (
        0,
        Some(
            r#"{"product_id": "A", "quantity_change": -3, "event_id": "00000000-0000-0000-0000-000000000002"}"#,
        ),
    ),
    (
        0,
        Some(
            r#"{"product_id": "A", "quantity_change": -100, "event_id": "00000000-0000-0000-0000-000000000003"}"#,
        ),
    ),
    (
        0,
        Some(
            r#"{"product_id": "A", "quantity_change": -3, "event_id": "00000000-0000-0000-0000-000000000002"}"#,
        ),
    ),
    (
        0,
        Some(
            r#"{"product_id": "A", "quantity_change": -4, "event_id": "00000000-0000-0000-0000-000000000002"}"#,
        ),
    ),
    (0, Some("not JSON")),
    (
        0,
        Some(
            r#"{"product_id": "GHOST", "quantity_change": 1, "event_id": "00000000-0000-0000-0000-000000000004"}"#,
        ),
    ),
    (
        0,
        Some(
            r#"{"product_id": "A", "kind": "count", "quantity": 20, "event_id": "00000000-0000-0000-0000-000000000005"}"#,
        ),
    ),
    (1, Some(r#"{"product_id": "B", "quantity_change": 1}"#)),
    (
        1,
        Some(
            r#"{"product_id": "B", "quantity_change": -2, "event_id": "order-6", "source": "shop"}"#,
        ),
    ),
    (
        1,
        Some(
            r#"{"product_id": "B", "quantity_change": -50, "nature": "fact", "event_id": "00000000-0000-0000-0000-000000000007"}"#,
        ),
    ),
    (
        1,
        Some(
            r#"{"product_id": "B", "quantity_change": 1, "event_id": "00000000-0000-0000-0000-000000000008"}"#,
        ),
    ),
    (1, None),
    (2, Some(r#"{"product_id": "C", "quantity_change": -100}"#)),
    (2, Some(r#"{"product_id": "C", "quantity_change": -1}"#)),
];
/// The broker writes the marker some time after it has said that the transaction is aborted.
const AFTER_THE_MARKER: i64 = 10;
const AFTER: &[(i32, Option<&str>)] = &[(
    0,
    Some(r#"{"product_id": "A", "quantity_change": -1, "expected_version": 1}"#),
)];

/// The URL of a database of one's own that is right for the topic.
pub(crate) async fn right_database() -> String {
    static TEMPLATE: OnceCell<()> = OnceCell::const_new();
    TEMPLATE
        .get_or_init(|| async { prepare().await.expect("the history is written") })
        .await;
    database(Some(TOPIC)).expect("a database")
}

/// What to check in it.
pub(crate) fn scope<'a>(database_url: &'a str, bootstrap: &'a str) -> Scope<'a> {
    Scope {
        database_url,
        bootstrap,
        topic: TOPIC,
    }
}

async fn prepare() -> anyhow::Result<()> {
    cluster().create_database(TOPIC, None)?;
    let url = cluster().url(TOPIC);
    sql(&url, include_str!("schema.sql")).await?;
    sql(&url, &include_str!("rows.sql").replace("{digest}", DIGEST)).await?;
    let bootstrap = broker().bootstrap();
    topics::create(&bootstrap, TOPIC, 3).await?;
    let plain: BaseProducer = client(&bootstrap).create()?;
    send(&plain, BEFORE)?;
    abort(
        &client(&bootstrap)
            .set("transactional.id", "history")
            .create()?,
    )?;
    until_end_offset(&bootstrap, AFTER_THE_MARKER).await?;
    send(&plain, AFTER)
}

async fn until_end_offset(bootstrap: &str, offset: i64) -> anyhow::Result<()> {
    let deadline = Instant::now() + LIMIT;
    while topics::end_offsets(bootstrap, TOPIC).await?[0] != offset {
        anyhow::ensure!(
            Instant::now() < deadline,
            "the transaction's marker did not come"
        );
    }
    Ok(())
}

fn client(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    config
}

fn send(producer: &BaseProducer, records: &[(i32, Option<&str>)]) -> anyhow::Result<()> {
    for &(partition, value) in records {
        let mut record = BaseRecord::<(), str>::to(TOPIC).partition(partition);
        record.payload = value;
        producer.send(record).map_err(|(error, _)| error)?;
    }
    Ok(producer.flush(LIMIT)?)
}

/// Leaves a record that no `read_committed` reader sees, and its marker: two offsets of partition 0.
fn abort(producer: &BaseProducer) -> anyhow::Result<()> {
    producer.init_transactions(LIMIT)?;
    producer.begin_transaction()?;
    send(
        producer,
        &[(0, Some(r#"{"product_id": "A", "quantity_change": 1000}"#))],
    )?;
    Ok(producer.abort_transaction(LIMIT)?)
}
