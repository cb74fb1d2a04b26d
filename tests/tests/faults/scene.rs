//! What all faults share: traffic, the service under it, progress, and the judgement at the end.

use std::time::Duration;

use plimsoll_sandbox::workload::{Shape, Traffic, produce};
use plimsoll_tests::checker::{Expect, at_end};
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::servers::{broker, database, topic};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};

pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const RECORDS: usize = 60_000;

/// The group gives up on a silent member soon, and batches are small, so that faults meet one.
pub(crate) const IMPATIENT: &str = "[consumer]\nbatch_records_max = 200\n\
    [kafka.properties]\n\"session.timeout.ms\" = \"2000\"\n\"heartbeat.interval.ms\" = \"300\"\n";

/// Few SKUs, all of them in every partition, with repeats from any of them.
pub(crate) fn unkeyed(partitions: i32) -> Shape {
    Shape {
        partitions,
        skus: 200,
        keyed: false,
        duplicates: 0.03,
        poison: 0.01,
        ..Shape::default()
    }
}

pub(crate) fn send(bootstrap: &str, topic: &str, shape: &Shape, seed: u64, records: usize) {
    produce(
        bootstrap,
        topic,
        Traffic::new(shape.clone(), seed).take(records),
    )
    .expect("the records arrive");
}

pub(crate) fn more(settings: &Settings, shape: &Shape, seed: u64, records: usize) {
    send(&settings.bootstrap, &settings.topic, shape, seed, records);
}

pub(crate) async fn laid_out(shape: &Shape) -> Settings {
    let topic = topic(shape.partitions).await.expect("a topic");
    laid_out_on(&broker().bootstrap(), &topic, shape).await
}

/// Records in an empty topic, and an empty database with their products.
pub(crate) async fn laid_out_on(bootstrap: &str, topic: &str, shape: &Shape) -> Settings {
    send(bootstrap, topic, shape, 11, RECORDS);
    let settings = Settings {
        more: IMPATIENT.to_owned(),
        ..Settings::new(&database(None).expect("a database"), bootstrap, topic)
    };
    ours::prepare(&settings, shape.skus, 50)
        .await
        .expect("an adopted table");
    settings
}

pub(crate) fn start(settings: &Settings) -> Plimsoll {
    Plimsoll::start(settings).expect("it starts")
}

/// Waits until more is applied than now.
pub(crate) async fn goes_on(settings: &Settings, plimsoll: &Plimsoll) {
    let before = ours::applied(settings).await.expect("positions");
    let more = ours::until(PATIENCE, "more is applied", async || {
        Ok(ours::applied(settings).await? > before)
    })
    .await;
    more.unwrap_or_else(|error| panic!("{error}\n{}", plimsoll.log_tail()));
}

pub(crate) async fn all_is_applied(settings: &Settings, members: &[&Plimsoll]) {
    if let Err(error) = ours::until_applied(settings, PATIENCE).await {
        let logs: Vec<String> = members.iter().map(|member| member.log_tail()).collect();
        panic!("{error}\n{}", logs.join("\n\n"));
    }
}

pub(crate) async fn holds(settings: &Settings) {
    let expect = Expect {
        modelled: false,
        ..Expect::default()
    };
    let findings = at_end(settings.scope(), expect)
        .await
        .expect("servers answer");
    findings.into_result().expect("the guarantee holds");
    ours::succeed(settings, &["verify"]).expect("verify agrees");
}

/// The group's state as the broker calls it, and how many members it has.
pub(crate) fn group(settings: &Settings) -> (String, usize) {
    let client: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &settings.bootstrap)
        .create()
        .expect("a client");
    let groups = client.fetch_group_list(Some(&settings.group), PATIENCE);
    let groups = groups.expect("the coordinator answers");
    let group = groups.groups().first();
    group.map_or((String::new(), 0), |it| {
        (it.state().to_owned(), it.members().len())
    })
}

pub(crate) fn members(settings: &Settings) -> usize {
    group(settings).1
}
