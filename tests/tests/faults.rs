//! Faults of processes and servers under traffic, judged by the checker: kill −9, a paused owner that
//! wakes up, rebalances one after the other, crashes of PostgreSQL and of the broker, retention, a topic
//! made anew.

use std::time::Duration;

use plimsoll_sandbox::kafka::Broker;
use plimsoll_sandbox::postgres::Cluster;
use plimsoll_sandbox::topics;
use plimsoll_sandbox::wire::{Cut, Wires};
use plimsoll_sandbox::workload::{Shape, Traffic, produce};
use plimsoll_tests::checker::{Expect, Scope, at_end};
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::servers::{broker, database, topic};
use plimsoll_tests::watched::Watched;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use sea_orm::sqlx::{self, Connection, PgConnection};

const PATIENCE: Duration = Duration::from_secs(120);
const RECORDS: usize = 60_000;

/// The group gives up on a silent member soon, and batches are small, so that faults meet one.
const IMPATIENT: &str = "[kafka.properties]\n\"session.timeout.ms\" = \"2000\"\n\"heartbeat.interval.ms\" = \"300\"\n\
                         [consumer]\nbatch_records_max = 200";

/// Few SKUs, all of them in every partition, with repeats from any of them.
fn unkeyed(partitions: i32) -> Shape {
    Shape {
        partitions,
        skus: 200,
        keyed: false,
        duplicates: 0.03,
        poison: 0.01,
        ..Shape::default()
    }
}

fn send(bootstrap: &str, topic: &str, shape: &Shape, seed: u64, records: usize) {
    produce(
        bootstrap,
        topic,
        Traffic::new(shape.clone(), seed).take(records),
    )
    .expect("the records arrive");
}

fn more(settings: &Settings, shape: &Shape, seed: u64, records: usize) {
    send(&settings.bootstrap, &settings.topic, shape, seed, records);
}

async fn laid_out(shape: &Shape) -> Settings {
    let bootstrap = broker().bootstrap();
    let topic = topic(shape.partitions).await.expect("a topic");
    send(&bootstrap, &topic, shape, 11, RECORDS);
    let settings = Settings {
        more: IMPATIENT.to_owned(),
        ..Settings::new(&database(None).expect("a database"), &bootstrap, &topic)
    };
    ours::prepare(&settings, shape.skus, 50)
        .await
        .expect("an adopted table");
    settings
}

fn start(settings: &Settings) -> Plimsoll {
    Plimsoll::start(settings).expect("it starts")
}

/// Waits until more is applied than now.
async fn goes_on(settings: &Settings, plimsoll: &Plimsoll) {
    let before = ours::applied(settings).await.expect("positions");
    let more = ours::until(PATIENCE, "more is applied", async || {
        Ok(ours::applied(settings).await? > before)
    })
    .await;
    more.unwrap_or_else(|error| panic!("{error}\n{}", plimsoll.log_tail()));
}

async fn all_is_applied(settings: &Settings, members: &[&Plimsoll]) {
    if let Err(error) = ours::until_applied(settings, PATIENCE).await {
        let logs: Vec<String> = members.iter().map(|member| member.log_tail()).collect();
        panic!("{error}\n{}", logs.join("\n\n"));
    }
}

async fn holds(settings: &Settings) {
    let Settings {
        database_url,
        bootstrap,
        topic,
        ..
    } = settings;
    let findings = at_end(
        Scope {
            database_url,
            bootstrap,
            topic,
        },
        Expect {
            modelled: false,
            ..Expect::default()
        },
    )
    .await;
    findings
        .expect("servers answer")
        .into_result()
        .expect("the guarantee holds");
    ours::succeed(settings, &["verify"]).expect("verify agrees");
}

/// Otherwise a successor waits for the session timeout. Several times: what is left out only when
/// two threads meet is seen by chance.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_end_has_left_the_group_when_it_has_ended() {
    let topic = topic(4).await.expect("a topic");
    let settings = Settings::new(
        &database(None).expect("a database"),
        &broker().bootstrap(),
        &topic,
    );
    ours::prepare(&settings, 1, 0)
        .await
        .expect("an adopted table");
    for round in 1..=6 {
        let member = Plimsoll::start_ready(&settings).expect("it gets its partitions");
        member.stop().expect("it ends with 0");
        assert_eq!(members(&settings), 0, "round {round}");
    }
}

fn members(settings: &Settings) -> usize {
    let client: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &settings.bootstrap)
        .create()
        .expect("a client");
    let groups = client.fetch_group_list(Some(&settings.group), PATIENCE);
    let groups = groups.expect("the coordinator answers");
    groups.groups().iter().map(|it| it.members().len()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn members_that_join_leave_and_die_lose_and_double_nothing() {
    let settings = laid_out(&unkeyed(12)).await;
    let watched = Watched::start(&settings);
    let stays = start(&settings);
    goes_on(&settings, &stays).await;
    for round in 0..3 {
        let guest = Plimsoll::start_ready(&settings).expect("it gets partitions");
        more(&settings, &unkeyed(12), 100 + round, 20_000);
        goes_on(&settings, &guest).await;
        if round == 1 {
            guest.kill().expect("it is killed")
        } else {
            guest.stop().expect("it leaves with 0")
        }
    }
    all_is_applied(&settings, &[&stays]).await;
    stays.stop().expect("it ends with 0");
    watched.end().await.expect("it held at any time");
    holds(&settings).await;
}

/// What a batch does, and so where it can be killed.
const STEPS: [&str; 7] = [
    "SELECT (s.n",
    "BEGIN",
    "UPDATE plimsoll_internal.positions p SET next_offset",
    "UPDATE products p SET current_stock",
    "INSERT INTO plimsoll_internal.ledger",
    "INSERT INTO plimsoll_internal.refused",
    "COMMIT",
];

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_at_any_step_of_a_batch_has_done_all_or_nothing_of_it() {
    let settings = laid_out(&unkeyed(4)).await;
    let wires = Wires::before(&settings.database_url)
        .await
        .expect("a port is free");
    let wired = Settings {
        database_url: wires.url(&settings.database_url),
        ..settings.clone()
    };
    let before = STEPS.map(|statement| (statement, Cut::SilentBefore));
    let all = before.into_iter().chain([("COMMIT", Cut::SilentAfter)]);
    for (round, (statement, cut)) in (1..).zip(all) {
        let seed = 200 + round;
        more(&settings, &unkeyed(4), seed, 9_000);
        let killed = start(&wired);
        goes_on(&settings, &killed).await;
        wires.arm(statement, [cut]);
        ours::until(PATIENCE, statement, async || {
            Ok(wires.made().len() as u64 == round)
        })
        .await
        .unwrap_or_else(|error| panic!("{error}\n{}", killed.log_tail()));
        killed.kill().expect("it is killed");
    }
    let last = start(&settings);
    all_is_applied(&settings, &[&last]).await;
    last.stop().expect("it ends with 0");
    holds(&settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_owner_that_wakes_up_is_refused_by_the_database() {
    let settings = laid_out(&unkeyed(4)).await;
    let watched = Watched::start(&settings);
    let sleeper = start(&settings);
    goes_on(&settings, &sleeper).await;
    sleeper.pause().expect("it is stopped by a signal");
    let successor = start(&settings);
    all_is_applied(&settings, &[&successor]).await;
    sleeper.resume().expect("it wakes up");
    more(&settings, &unkeyed(4), 12, 5_000);
    all_is_applied(&settings, &[&sleeper, &successor]).await;
    sleeper.stop().expect("it ends with 0");
    successor.stop().expect("it ends with 0");
    watched.end().await.expect("it held at any time");
    holds(&settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_broker_side_group_protocol_works_too() {
    let plain = laid_out(&unkeyed(4)).await;
    // The key stands in the section that the topic's line is in.
    let settings = Settings {
        topic: format!("{}\"\nprotocol = \"consumer", plain.topic),
        more: String::new(),
        ..plain.clone()
    };
    let first = start(&settings);
    goes_on(&plain, &first).await;
    let second = start(&settings);
    all_is_applied(&plain, &[&first]).await;
    second.stop().expect("it ends with 0");
    first.stop().expect("it ends with 0");
    holds(&plain).await;
}

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
    send(&kafka.bootstrap(), "crash", &shape, 11, RECORDS);
    let settings = Settings::new(
        &database(None).expect("a database"),
        &kafka.bootstrap(),
        "crash",
    );
    let settings = Settings {
        more: IMPATIENT.to_owned(),
        ..settings
    };
    ours::prepare(&settings, shape.skus, 50)
        .await
        .expect("an adopted table");
    let plimsoll = start(&settings);
    goes_on(&settings, &plimsoll).await;
    kafka.kill9().expect("it is killed");
    kafka.start_again().expect("it comes back");
    send(&kafka.bootstrap(), "crash", &shape, 12, 5_000);
    all_is_applied(&settings, &[&plimsoll]).await;
    plimsoll.stop().expect("it ends with 0");
    holds(&settings).await;
}

/// Why each halted partition is.
async fn halts(settings: &Settings) -> anyhow::Result<Vec<(i32, String)>> {
    let mut connection = PgConnection::connect(&settings.database_url).await?;
    let sql =
        "SELECT partition, halt_reason FROM positions WHERE status = 'halted' ORDER BY partition";
    Ok(sqlx::query_as(sql).fetch_all(&mut connection).await?)
}

async fn halts_with(settings: &Settings, plimsoll: &Plimsoll, partitions: &[i32], reason: &str) {
    let halted = async || {
        let halts = halts(settings).await?;
        Ok(halts
            .iter()
            .map(|halt| halt.0)
            .eq(partitions.iter().copied())
            && halts.iter().all(|halt| halt.1.starts_with(reason)))
    };
    let halted = ours::until(PATIENCE, reason, halted).await;
    if let Err(error) = halted {
        panic!(
            "{error}: {:?}\n{}",
            halts(settings).await,
            plimsoll.log_tail()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_past_a_position_halts_that_partition_and_an_operator_moves_it_on() {
    let settings = laid_out(&unkeyed(4)).await;
    let plimsoll = start(&settings);
    all_is_applied(&settings, &[&plimsoll]).await;
    plimsoll.stop().expect("it ends with 0");
    more(&settings, &unkeyed(4), 14, 4_000);
    let ends = topics::end_offsets(&settings.bootstrap, &settings.topic)
        .await
        .expect("offsets");
    let kept_from = ends[2] - 10;
    topics::delete_records_before(&settings.bootstrap, &settings.topic, 2, kept_from)
        .await
        .expect("records go");
    let plimsoll = start(&settings);
    halts_with(&settings, &plimsoll, &[2], "retention").await;
    let place = format!("{}/2", settings.topic);
    let to = kept_from.to_string();
    ours::succeed(
        &settings,
        &[
            "positions",
            "accept-gap",
            &place,
            "--to",
            &to,
            "--reason",
            "the test deleted them",
        ],
    )
    .expect("the gap is accepted");
    ours::succeed(&settings, &["positions", "resume", &place]).expect("it is resumed");
    all_is_applied(&settings, &[&plimsoll]).await;
    plimsoll.stop().expect("it ends with 0");
    ours::succeed(&settings, &["verify"]).expect("verify knows the gap");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_anew_halts_even_when_it_has_grown_past_the_position() {
    let settings = laid_out(&unkeyed(2)).await;
    let plimsoll = start(&settings);
    all_is_applied(&settings, &[&plimsoll]).await;
    plimsoll.stop().expect("it ends with 0");
    topics::delete(&settings.bootstrap, &settings.topic)
        .await
        .expect("it is deleted");
    topics::create(&settings.bootstrap, &settings.topic, 2)
        .await
        .expect("it is made again");
    more(&settings, &unkeyed(2), 15, RECORDS + 5_000);
    let plimsoll = start(&settings);
    halts_with(&settings, &plimsoll, &[0, 1], "recreated").await;
    plimsoll.stop().expect("it ends with 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_are_added_start_at_their_beginning() {
    let settings = laid_out(&unkeyed(2)).await;
    let plimsoll = start(&settings);
    goes_on(&settings, &plimsoll).await;
    topics::add_partitions(&settings.bootstrap, &settings.topic, 4)
        .await
        .expect("two more");
    more(&settings, &unkeyed(4), 16, 4_000);
    all_is_applied(&settings, &[&plimsoll]).await;
    plimsoll.stop().expect("it ends with 0");
    holds(&settings).await;
}
