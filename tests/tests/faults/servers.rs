//! Servers that crash.

use plimsoll_sandbox::kafka::Broker;
use plimsoll_sandbox::postgres::Cluster;
use plimsoll_sandbox::topics;
use plimsoll_tests::ours::{self, Settings};

use crate::scene::{all_is_applied, goes_on, holds, laid_out, laid_out_on, more, start, unkeyed};

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_postgresql_costs_nothing() {
    let mut cluster = Cluster::start(&[]).expect("PostgreSQL starts");
    cluster.create_database("crash", None).expect("a database");
    let settings = Settings {
        database_url: cluster.url("crash"),
        ..laid_out(&unkeyed(4)).await
    };
    ours::prepare(&settings, 200, 50)
        .await
        .expect("an adopted table");
    let plimsoll = start(&settings);
    for _ in 0..3 {
        goes_on(&settings, &plimsoll).await;
        cluster.stop_immediate().expect("it crashes");
        cluster.start_again().expect("it comes back");
        more(&settings, &unkeyed(4), 13, 3_000);
    }
    all_is_applied(&settings, &[&plimsoll]).await;
    plimsoll.stop().expect("it ends with 0");
    holds(&settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_broker_skips_nothing() {
    let mut kafka = Broker::start().expect("Apache Kafka starts");
    let shape = unkeyed(4);
    topics::create(&kafka.bootstrap(), "crash", 4)
        .await
        .expect("a topic");
    let settings = laid_out_on(&kafka.bootstrap(), "crash", &shape).await;
    let plimsoll = start(&settings);
    goes_on(&settings, &plimsoll).await;
    kafka.kill9().expect("it is killed");
    kafka.start_again().expect("it comes back");
    more(&settings, &shape, 12, 5_000);
    all_is_applied(&settings, &[&plimsoll]).await;
    plimsoll.stop().expect("it ends with 0");
    holds(&settings).await;
}
