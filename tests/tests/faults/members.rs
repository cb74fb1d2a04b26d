//! Processes that come, leave, die, and sleep.

use plimsoll_sandbox::wire::{Cut, Wires};
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::servers::{broker, database, number, topic};
use plimsoll_tests::watched::Watched;
use sea_orm::sqlx::{self, Connection, PgConnection};

use crate::scene::{
    PATIENCE, all_is_applied, goes_on, group, holds, laid_out, members, more, start, unkeyed,
};

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

/// The group has heard of the next one, and its owner has not: it asks only now and then. It must not
/// only end then but leave, or the next one would wait for the session timeout.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_told_to_end_while_the_group_rebalances_drains_and_leaves() {
    let settings = Settings {
        more: "[consumer]\nbatch_records_max = 200\n\
               [kafka.properties]\n\"heartbeat.interval.ms\" = \"3000\"\n"
            .to_owned(),
        ..laid_out(&unkeyed(4)).await
    };
    let mut member = start(&settings);
    for round in 0..3 {
        all_is_applied(&settings, &[&member]).await;
        group_is(&settings, "Stable", 1).await;
        let next = start(&settings);
        group_is(&settings, "PreparingRebalance", 2).await;
        more(&settings, &unkeyed(4), 300 + round, 5_000);
        member.stop().expect("it ends with 0");
        assert_eq!(members(&settings), 1, "round {round}");
        member = next;
    }
    all_is_applied(&settings, &[&member]).await;
    member.stop().expect("it ends with 0");
    holds(&settings).await;
}

async fn group_is(settings: &Settings, state: &str, members: usize) {
    let what = format!("the group is {state} with {members}");
    ours::until(PATIENCE, &what, async || {
        Ok(group(settings) == (state.to_owned(), members))
    })
    .await
    .expect("it comes to that");
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

/// Another owner applies all; then the one that is paused goes on beside it, and both end.
async fn is_succeeded_and_wakes_up(settings: &Settings, sleeper: Plimsoll) {
    let successor = start(settings);
    all_is_applied(settings, &[&successor]).await;
    sleeper.resume().expect("it wakes up");
    more(settings, &unkeyed(4), 12, 5_000);
    all_is_applied(settings, &[&sleeper, &successor]).await;
    sleeper.stop().expect("it ends with 0");
    successor.stop().expect("it ends with 0");
}

const WAIT_FOR_ROWS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%UPDATE products p%'";

/// When it is paused, its transaction has moved positions and is about to have rows; the database ends it after
/// 10 s.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_is_paused_inside_a_transaction_loses_it_and_its_partitions() {
    let settings = laid_out(&unkeyed(4)).await;
    let sleeper = start(&settings);
    goes_on(&settings, &sleeper).await;
    let hands = PgConnection::connect(&settings.database_url).await;
    let mut hands = hands.expect("it answers");
    let mut does = async |sql: &'static str| sqlx::raw_sql(sql).execute(&mut hands).await;
    does("BEGIN; SELECT FROM products ORDER BY id FOR UPDATE")
        .await
        .expect("all rows");
    more(&settings, &unkeyed(4), 13, 5_000);
    ours::until(PATIENCE, "a batch waits for its rows", async || {
        Ok(number(&settings.database_url, WAIT_FOR_ROWS).await? > 0)
    })
    .await
    .unwrap_or_else(|error| panic!("{error}\n{}", sleeper.log_tail()));
    sleeper.pause().expect("it is stopped by a signal");
    does("ROLLBACK").await.expect("they are free");
    is_succeeded_and_wakes_up(&settings, sleeper).await;
    holds(&settings).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_owner_that_wakes_up_is_refused_by_the_database() {
    let settings = laid_out(&unkeyed(4)).await;
    let watched = Watched::start(&settings);
    let sleeper = start(&settings);
    goes_on(&settings, &sleeper).await;
    sleeper.pause().expect("it is stopped by a signal");
    is_succeeded_and_wakes_up(&settings, sleeper).await;
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
