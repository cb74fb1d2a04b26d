//! A ledger of 20 million lines in three parts. An identity is known, whichever part it stands in, and
//! what is new is applied beside it. Nobody has the topic of those lines, so only `plimsoll verify` judges.

use std::time::Duration;

use plimsoll_sandbox::postgres::Cluster;
use plimsoll_sandbox::workload::{Produced, Shape, Traffic, produce};
use plimsoll_tests::history;
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::record::adjust;
use plimsoll_tests::servers::{broker, number, topic};
use sea_orm::sqlx::{self, Connection, PgConnection};

use crate::scene::{all_is_applied, or_quote, start};

const LINES: u64 = 20_000_000;
const SKUS: u32 = 10_000;
const STOCK: i64 = 1_000_000;

/// A server as for so many lines; it is thrown away.
const SERVER: [(&str, &str); 4] = [
    ("fsync", "off"),
    ("shared_buffers", "512MB"),
    ("max_wal_size", "8GB"),
    ("maintenance_work_mem", "512MB"),
];

/// Some hundred lines of each part: SKU and identity.
const SAMPLE: &str = "
    SELECT 'SKU' || product_id - 1, event_key::text, part FROM plimsoll_internal.lines
    WHERE random() < 0.0002";

/// Closed parts of which every identity has been read since they were written: into their filters.
const FILTERED: &str = "
    SELECT count(*) FROM pg_stat_user_indexes i JOIN plimsoll_internal.parts p ON i.relname = 'ledger_' || p.number
    WHERE p.closed_at IS NOT NULL AND i.idx_tup_read >= 8500000";
const PATIENCE: Duration = Duration::from_secs(300);

const DUPLICATES: &str = "SELECT count(*) FROM refusals WHERE outcome = 'duplicate'";
const CONFLICTS: &str = "SELECT count(*) FROM refusals WHERE code = 'event_id_conflict'";
const MOVEMENTS: &str = "SELECT count(*) FROM ledger WHERE kind = 'adjust' AND topic <> 'history'";

#[tokio::test(flavor = "multi_thread")]
async fn twenty_million_lines_are_remembered_and_verified() {
    let cluster = Cluster::start(&SERVER).expect("PostgreSQL starts");
    cluster.create_database("it", None).expect("a database");
    let (url, topic) = (cluster.url("it"), topic(4).await.expect("a topic"));
    let settings = Settings::new(&url, &broker().bootstrap(), &topic);
    let prepared = ours::prepare(&settings, SKUS, STOCK).await;
    prepared.expect("an adopted table");
    let written = history::write(&url, LINES, SKUS).await;
    written.expect("a history");
    let old = sample(&url).await.expect("identities");
    for part in 1..=3 {
        let of_part = old.iter().filter(|(.., it)| *it == part).count();
        assert!(of_part > 100, "{of_part} lines of part {part}");
    }
    let count = i64::try_from(old.len()).expect("some thousand");
    let again = |change| old.iter().map(move |(sku, id, _)| adjust(sku, change, id));
    let fresh = Shape {
        skus: SKUS,
        ..Shape::default()
    };

    let member = start(&settings);
    send(&settings, &member, again(1)).await;
    let filtered = ours::until(PATIENCE, "filters are built", async || {
        Ok(number(&url, FILTERED).await? == 2)
    });
    or_quote(filtered.await, &[&member]);
    send(&settings, &member, Traffic::new(fresh, 20).take(100_000)).await;
    send(&settings, &member, again(1).chain(again(2))).await;
    member.stop().expect("it ends with 0");

    let counted = async |query| number(&url, query).await.expect("a number");
    assert_eq!(counted(DUPLICATES).await, 2 * count);
    assert_eq!(counted(CONFLICTS).await, count);
    assert_eq!(counted(MOVEMENTS).await, 100_000);
    ours::succeed(&settings, &["verify"]).expect("all of it adds up");
}

async fn sample(database_url: &str) -> anyhow::Result<Vec<(String, String, i32)>> {
    let mut connection = PgConnection::connect(database_url).await?;
    Ok(sqlx::query_as(SAMPLE).fetch_all(&mut connection).await?)
}

/// Waits until all of it is applied.
async fn send(settings: &Settings, member: &Plimsoll, records: impl Iterator<Item = Produced>) {
    tokio::task::block_in_place(|| produce(&settings.bootstrap, &settings.topic, records))
        .expect("records are acknowledged");
    all_is_applied(settings, &[member]).await;
}
