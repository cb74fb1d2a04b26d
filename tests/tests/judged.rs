//! The service under traffic, good and bad, judged by the checker: topic against database, all invariants.

use std::collections::BTreeSet;
use std::time::Duration;

use plimsoll_sandbox::workload::{Produced, Shape, Traffic, produce};
use plimsoll_tests::checker::{Expect, Read, at_end, reads};
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::races::process::peak_bytes;
use plimsoll_tests::servers::{broker, database, number, topic};
use plimsoll_tests::watched::Watched;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

/// The group gives up a dead member within a second, not the usual 45.
const SOON_MISSED: &str =
    "[kafka.properties]\n\"session.timeout.ms\" = \"1000\"\n\"heartbeat.interval.ms\" = \"200\"";

/// Stock is short, so that floors are met; some SKUs of the traffic have no product.
const STOCK: i64 = 20;

const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'plimsoll%'";
/// Two lanes, four for housekeeping and rules; nobody asks the API.
const SESSIONS_MAX: i64 = 6;
/// Half more than was measured: batches, rows known, filters, what Kafka's client fetches ahead, the program.
const PEAK_BYTES_MAX: u64 = 224 << 20;

/// Everything that traffic can be, over few enough SKUs that they are all busy.
fn mixed(keyed: bool) -> Shape {
    Shape {
        skus: 500,
        keyed,
        duplicates: 0.05,
        duplicate_distance_max: 5_000,
        poison: 0.02,
        heavy_poison: true,
        plus_literals: 0.5,
        increase_share: 0.5,
        ..Shape::default()
    }
}

/// By its id an event becomes a fact, a count, or one that expects a version; a repetition so stays one.
fn of_any_kind(mut record: Produced) -> Produced {
    let (Some(id), Some(value)) = (record.event.id, &record.payload) else {
        return record;
    };
    let (lot, units) = (id.as_u128() % 100, record.event.quantity_change.abs());
    let quantity = r#""quantity_change":"#;
    let text = str::from_utf8(value).expect("JSON");
    let (before, change) = text.split_once(quantity).expect("a change");
    let text = match lot {
        0 => format!(r#"{before}"nature":"fact",{quantity}{change}"#),
        1..15 => format!(r#"{before}"kind":"count","quantity":{units}}}"#),
        15..40 => format!(r#"{before}"expected_version":{lot},{quantity}{change}"#),
        _ => return record,
    };
    record.payload = Some(text.into_bytes());
    record
}

/// A topic with so many records of this shape, and products for nine of ten SKUs.
async fn laid_out(shape: &Shape, records: usize) -> Settings {
    let traffic = Traffic::new(shape.clone(), 7);
    laid_out_with(shape, traffic.take(records)).await
}

async fn laid_out_with(shape: &Shape, records: impl Iterator<Item = Produced>) -> Settings {
    let bootstrap = broker().bootstrap();
    let topic = topic(shape.partitions).await.expect("a topic");
    produce(&bootstrap, &topic, records).expect("the records arrive");
    let settings = Settings::new(&database(None).expect("a database"), &bootstrap, &topic);
    ours::prepare(&settings, shape.skus / 10 * 9, STOCK)
        .await
        .expect("an adopted table");
    settings
}

async fn holds(settings: &Settings, modelled: bool) {
    let expect = Expect {
        modelled,
        ..Expect::default()
    };
    let findings = at_end(settings.scope(), expect)
        .await
        .expect("servers answer");
    findings.into_result().expect("the guarantee holds");
}

async fn drain(settings: &Settings) {
    let plimsoll = Plimsoll::start(settings).expect("it starts");
    if let Err(error) = ours::until_applied(settings, PATIENCE).await {
        panic!("{error}\n{}", plimsoll.log_tail());
    }
    ours::until(PATIENCE, "short sessions end", async || {
        Ok(number(&settings.database_url, SESSIONS).await? <= SESSIONS_MAX)
    })
    .await
    .expect("no more sessions than it is to have");
    let peak = peak_bytes(plimsoll.pid()).expect("it is there");
    assert!(peak < PEAK_BYTES_MAX, "{peak} bytes");
    plimsoll.stop().expect("it ends with 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keyed_topic_becomes_what_the_model_says() {
    let settings = laid_out(&mixed(true), 30_000).await;
    drain(&settings).await;
    holds(&settings, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unkeyed_topic_is_applied_exactly_once() {
    let settings = laid_out(&mixed(false), 30_000).await;
    drain(&settings).await;
    holds(&settings, false).await;
}

/// The rarest of what can become of a fact, a count and one that expects a version.
const OF_ANY_KIND: &str = "
SELECT least((SELECT count(*) FROM ledger WHERE kind = 'count'),
             (SELECT count(*) FROM refusals WHERE code = 'stale'),
             (SELECT count(*) FROM parked WHERE code = 'below_floor'))";

#[tokio::test(flavor = "multi_thread")]
async fn events_of_all_kinds_become_what_the_model_says() {
    let shape = mixed(true);
    let traffic = Traffic::new(shape.clone(), 13).take(30_000);
    let settings = laid_out_with(&shape, traffic.map(of_any_kind)).await;
    drain(&settings).await;
    holds(&settings, true).await;
    let rarest = number(&settings.database_url, OF_ANY_KIND).await;
    assert!(rarest.expect("a number") > 0, "one kind was not met");
}

/// Says who decided under which revision, where that is not as activated.
const DECIDED_OTHERWISE: &str = "
SELECT count(*) FROM refusals WHERE code = CASE ruleset_revision % 2 WHEN 1 THEN 'below_floor' ELSE 'insufficient_stock' END";
const REVISIONS: &str =
    "SELECT count(DISTINCT ruleset_revision) FROM refusals WHERE outcome = 'rejected'";

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_are_replaced_under_load_decide_each_record_once_and_by_one_revision() {
    let shape = mixed(false);
    let mut settings = laid_out(&shape, 1_000).await;
    settings.more = "[rules]\nunsigned = 'allow'".into();
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).display().to_string();
    let rule = ours::shipped_rule("no-negative-stock");
    let bundle = file("no-negative-stock.bundle");
    let says = |arguments: &[&str]| ours::succeed(&settings, arguments).expect("it is done");
    says(&["rules", "build", "--path", &rule, "--out", &bundle]);
    let pushed = says(&["rules", "push", &bundle]);
    let digest = pushed.split(' ').next().expect("it begins with the digest");
    let asks = format!("[[rules]]\nbundle = '{digest}'\nmode = 'enforce'\n");
    std::fs::write(file("asks.toml"), asks).expect("a file");
    std::fs::write(file("none.toml"), "rules = []\n").expect("a file");

    says(&["rules", "activate", &file("asks.toml")]);
    let watched = Watched::start(&settings);
    let running = [(); 2].map(|()| Plimsoll::start_ready(&settings).expect("it starts"));
    let mut traffic = Traffic::new(shape, 11);
    let mut seen = Vec::new();
    for round in 0..10 {
        let records = traffic.by_ref().take(2_000);
        produce(&settings.bootstrap, &settings.topic, records).expect("the records arrive");
        seen.extend(running.iter().flat_map(stocks));
        let next = if round % 2 == 0 {
            "none.toml"
        } else {
            "asks.toml"
        };
        says(&["rules", "activate", &file(next)]);
        seen.extend(running.iter().flat_map(stocks));
        if round % 3 == 0 {
            ours::until_applied(&settings, PATIENCE)
                .await
                .expect("all is applied");
        }
    }
    ours::until_applied(&settings, PATIENCE)
        .await
        .expect("all is applied");
    for plimsoll in running {
        plimsoll.stop().expect("it ends with 0");
    }
    watched.end().await.expect("it held at any time");
    holds(&settings, false).await;
    let of_one = seen.iter().filter(|read| read.sku == seen[0].sku);
    let versions: BTreeSet<i64> = of_one.map(|read| read.version).collect();
    assert!(
        versions.len() > 3,
        "read while it did not move: {versions:?}"
    );
    let read = reads(&settings.database_url, &seen).await;
    let read = read.expect("the database answers").into_result();
    read.expect("whatever was read is in the ledger");
    let otherwise = number(&settings.database_url, DECIDED_OTHERWISE).await;
    assert_eq!(otherwise.expect("a number"), 0);
    let revisions = number(&settings.database_url, REVISIONS).await;
    assert!(
        revisions.expect("a number") >= 3,
        "too few revisions decided"
    );
}

/// What the service says of the first hundred products.
fn stocks(plimsoll: &Plimsoll) -> Vec<Read> {
    let page = plimsoll.get("/api/v1/products").expect("it answers");
    let page: Value = serde_json::from_str(&page).expect("it is JSON");
    let products = page["products"].as_array().expect("products");
    let read = |product: &Value| Read {
        sku: product["sku"].as_str().expect("a text").to_owned(),
        version: product["version"].as_i64().expect("a number"),
        stock: product["current_stock"].as_i64().expect("a number"),
    };
    products.iter().map(read).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_service_goes_on_where_its_database_is() {
    let mut settings = laid_out(&mixed(true), 100_000).await;
    settings.more = SOON_MISSED.into();
    for kill in 0..3 {
        let before = ours::applied(&settings).await.expect("positions");
        let plimsoll = Plimsoll::start(&settings).expect("it starts");
        ours::until(PATIENCE, "more events are applied", async || {
            Ok(ours::applied(&settings).await? > before)
        })
        .await
        .unwrap_or_else(|error| panic!("start {kill}: {error}\n{}", plimsoll.log_tail()));
        plimsoll.kill().expect("it is killed");
    }
    drain(&settings).await;
    holds(&settings, true).await;
}
