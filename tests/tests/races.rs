//! The race exists, and is gone: the same events through the careless consumer, the textbook cure and ours.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_sandbox::workload::{Shape, Traffic, produce};
use plimsoll_tests::checker::{Expect, at_end};
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::races::truth::{Broken, broken_sums};
use plimsoll_tests::races::{Job, Workers, careless, plain, prepare, textbook};
use plimsoll_tests::servers::{broker, database, topic};
use tokio::sync::Barrier;

const PARTITIONS: i32 = 4;
const SKUS: u32 = 3;
const EVENTS: u32 = 4_000;
/// So much that no event meets an empty shelf: these consumers know no floor.
const OPENING: i64 = 1_000_000;

/// A topic where every partition changes the same few products.
async fn job() -> Job {
    let shape = Shape {
        partitions: PARTITIONS,
        skus: SKUS,
        zipf: 0.0,
        keyed: false,
        ..Shape::default()
    };
    prepared(PARTITIONS, Traffic::new(shape, 1).take(EVENTS as usize)).await
}

async fn prepared(
    partitions: i32,
    traffic: impl Iterator<Item = plimsoll_sandbox::workload::Produced>,
) -> Job {
    let bootstrap = broker().bootstrap();
    let topic = topic(partitions).await.expect("a topic");
    let events = produce(&bootstrap, &topic, traffic)
        .expect("the events arrive")
        .records;
    let database_url = database(None).expect("a database");
    prepare(&database_url, SKUS, partitions, OPENING)
        .await
        .expect("tables and products");
    Job {
        database_url,
        bootstrap,
        topic,
        events,
    }
}

async fn broken(job: &Job) -> Vec<Broken> {
    broken_sums(job, OPENING).await.expect("servers answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_careless_consumer_loses_updates() {
    let job = job().await;
    careless::consume(&job, Workers::PerPartition, None)
        .await
        .expect("it thinks all is well");
    assert_eq!(
        broken(&job).await.len(),
        SKUS as usize,
        "every product is wrong"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_careless_consumer_with_shared_workers_loses_updates() {
    let job = job().await;
    careless::consume(&job, Workers::Shared(16), None)
        .await
        .expect("it thinks all is well");
    assert_eq!(
        broken(&job).await.len(),
        SKUS as usize,
        "every product is wrong"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_readers_that_meet_lose_one_of_two_updates() {
    let shape = Shape {
        partitions: 2,
        skus: 1,
        keyed: false,
        quantities: 1..=1,
        increase_share: 1.0,
        ..Shape::default()
    };
    let job = prepared(2, Traffic::new(shape, 1).take(2)).await;
    careless::consume(&job, Workers::PerPartition, Some(Arc::new(Barrier::new(2))))
        .await
        .expect("it thinks all is well");
    let lost = Broken {
        sku: "SKU0".into(),
        expected: OPENING + 2,
        found: OPENING + 1,
    };
    assert_eq!(broken(&job).await, [lost]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_textbook_cure_is_exact() {
    let job = job().await;
    textbook::consume(&job).await.expect("it ends");
    assert_eq!(broken(&job).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_poll_loop_is_exact_without_faults() {
    let job = job().await;
    plain::consume(&job).await.expect("it ends");
    assert_eq!(broken(&job).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn ours_is_exact() {
    let mut job = job().await;
    job.database_url = database(None).expect("a database");
    let settings = Settings::new(&job.database_url, &job.bootstrap, &job.topic);
    ours::prepare(&settings, SKUS, OPENING)
        .await
        .expect("an adopted table");
    let plimsoll = Plimsoll::start(&settings).expect("it starts");
    ours::until_applied(&settings, Duration::from_secs(60))
        .await
        .expect("all events are applied");
    plimsoll.stop().expect("it ends with 0");
    assert_eq!(broken(&job).await, []);
    let unkeyed = Expect {
        modelled: false,
        ..Expect::default()
    };
    at_end(settings.scope(), unkeyed)
        .await
        .expect("servers answer")
        .into_result()
        .expect("the guarantee holds");
}
