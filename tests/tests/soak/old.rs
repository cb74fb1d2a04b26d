//! A ledger of 20 million lines in three parts. An identity is known, whichever part it stands in; what
//! is new is applied beside it; `plimsoll verify` reads all of it and agrees.

use plimsoll_sandbox::workload::{Event, Kind, Produced, Shape, Traffic, produce};
use plimsoll_tests::history;
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::servers::{broker, database, number, topic};
use sea_orm::sqlx::{self, Connection, PgConnection};

use crate::scene::{all_is_applied, start};

const LINES: u64 = 20_000_000;
const SKUS: u32 = 10_000;
const STOCK: i64 = 1_000_000;

/// Of all parts, some thousands.
const SAMPLE: &str =
    "SELECT sku, event_key::text FROM ledger WHERE kind = 'adjust' AND random() < 0.0002";

const PARTS: &str = "SELECT count(*) FROM plimsoll_internal.parts";
const DUPLICATES: &str = "SELECT count(*) FROM refusals WHERE outcome = 'duplicate'";
const CONFLICTS: &str = "SELECT count(*) FROM refusals WHERE code = 'event_id_conflict'";
const MOVEMENTS: &str = "SELECT count(*) FROM ledger WHERE kind = 'adjust' AND topic <> 'history'";

#[tokio::test(flavor = "multi_thread")]
async fn twenty_million_lines_are_remembered_and_verified() {
    let topic = topic(4).await.expect("a topic");
    let url = database(None).expect("a database");
    let settings = Settings::new(&url, &broker().bootstrap(), &topic);
    let prepared = ours::prepare(&settings, SKUS, STOCK).await;
    prepared.expect("an adopted table");
    let written = history::write(&url, LINES, SKUS).await;
    written.expect("a history");
    assert_eq!(number(&url, PARTS).await.expect("parts"), 3);
    let old = sample(&url).await.expect("identities");
    let count = i64::try_from(old.len()).expect("some thousands");

    // Before the filters of the closed parts are built, and again.
    let member = start(&settings);
    let again = |units| old.iter().map(move |(sku, id)| said(sku, id, units));
    let fresh = Shape {
        skus: SKUS,
        ..Shape::default()
    };
    send(&settings, &member, again(1)).await;
    send(&settings, &member, Traffic::new(fresh, 20).take(100_000)).await;
    send(&settings, &member, again(1).chain(again(2))).await;
    member.stop().expect("it ends with 0");

    let counted = async |query| number(&url, query).await.expect("a number");
    assert_eq!(counted(DUPLICATES).await, 2 * count);
    assert_eq!(counted(CONFLICTS).await, count);
    assert_eq!(counted(MOVEMENTS).await, 100_000);
    ours::succeed(&settings, &["verify"]).expect("all of it adds up");
}

/// SKUs and identities of lines.
async fn sample(database_url: &str) -> anyhow::Result<Vec<(String, String)>> {
    let mut connection = PgConnection::connect(database_url).await?;
    Ok(sqlx::query_as(SAMPLE).fetch_all(&mut connection).await?)
}

/// What a line says, if `units` is 1.
fn said(sku: &str, id: &str, units: i64) -> Produced {
    let payload =
        format!(r#"{{"product_id":"{sku}","event_id":"{id}","quantity_change":{units}}}"#);
    Produced {
        partition: None,
        key: Some(sku.into()),
        headers: Vec::new(),
        payload: Some(payload.into_bytes()),
        timestamp_ms: None,
        event: Event {
            sku: 0,
            quantity_change: units,
            id: None,
            kind: Kind::Repeat,
        },
    }
}

/// Waits until all of it is applied.
async fn send(settings: &Settings, member: &Plimsoll, records: impl Iterator<Item = Produced>) {
    tokio::task::block_in_place(|| produce(&settings.bootstrap, &settings.topic, records))
        .expect("records are acknowledged");
    all_is_applied(settings, &[member]).await;
}
