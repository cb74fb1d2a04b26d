//! Wires to the servers that are slow, cut, or dead without a word. What a dead wire does to each
//! statement of a transaction is tried in `crates/core`.

use std::time::Duration;

use plimsoll_sandbox::kafka::linked::Linked;
use plimsoll_sandbox::link::{Link, State};
use plimsoll_sandbox::topics;
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::servers::cluster;

use crate::scene::{
    IMPATIENT, PATIENCE, all_is_applied, goes_on, holds, laid_out, laid_out_on, members, more,
    start, unkeyed,
};

/// In either direction, so every question waits twice as long for its answer.
const LATE: State = State::Late(Duration::from_millis(50));

/// The client gives up on a question soon. Goes behind what makes the group impatient.
const UNANSWERED: &str = "\"socket.timeout.ms\" = \"3000\"\n";

async fn is_ready(plimsoll: &Plimsoll, expected: bool) {
    let ready = ours::until(PATIENCE, "readiness changes", async || {
        Ok(plimsoll.get("/readyz").is_ok() == expected)
    });
    if let Err(error) = ready.await {
        panic!("{error}: {expected} is expected\n{}", plimsoll.log_tail());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wire_to_kafka_that_is_slow_cut_or_dead_costs_nothing_but_time() {
    let kafka = Linked::start().await.expect("Apache Kafka starts");
    let bootstrap = kafka.broker().bootstrap();
    topics::create(&bootstrap, "linked", 4)
        .await
        .expect("a topic");
    let settings = Settings {
        more: IMPATIENT.to_owned() + UNANSWERED,
        ..laid_out_on(&bootstrap, "linked", &unkeyed(4)).await
    };
    let linked = Settings {
        bootstrap: kafka.link().address(),
        ..settings.clone()
    };
    let plimsoll = start(&linked);
    goes_on(&settings, &plimsoll).await;
    kafka.link().turn(LATE);
    more(&settings, &unkeyed(4), 21, 10_000);
    all_is_applied(&settings, &[&plimsoll]).await;
    for (seed, spoiled) in (22..).zip([State::Cut, State::Silent]) {
        kafka.link().turn(spoiled);
        more(&settings, &unkeyed(4), seed, 5_000);
        ours::until(PATIENCE, "the group gives up on it", async || {
            Ok(members(&settings) == 0)
        })
        .await
        .expect("its heartbeats do not arrive");
        kafka.link().turn(State::WHOLE);
        all_is_applied(&settings, &[&plimsoll]).await;
    }
    plimsoll.stop().expect("it ends with 0");
    holds(&settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wire_to_postgresql_that_is_slow_or_cut_costs_nothing_but_time() {
    let settings = laid_out(&unkeyed(4)).await;
    let server = format!("127.0.0.1:{}", cluster().port());
    let link = Link::before(&server).await.expect("a port is free");
    let plimsoll = start(&Settings {
        database_url: settings.database_url.replace(&server, &link.address()),
        ..settings.clone()
    });
    link.turn(LATE);
    is_ready(&plimsoll, true).await;
    goes_on(&settings, &plimsoll).await;
    for seed in 31..34 {
        more(&settings, &unkeyed(4), seed, 3_000);
        link.turn(State::Cut);
        is_ready(&plimsoll, false).await;
        link.turn(State::WHOLE);
        is_ready(&plimsoll, true).await;
    }
    all_is_applied(&settings, &[&plimsoll]).await;
    plimsoll.stop().expect("it ends with 0");
    holds(&settings).await;
}
