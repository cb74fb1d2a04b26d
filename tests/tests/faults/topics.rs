//! What Kafka's own tools do to a topic.

use plimsoll_sandbox::topics;
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use sea_orm::sqlx::{self, Connection, PgConnection};

use crate::scene::{
    PATIENCE, RECORDS, all_is_applied, goes_on, holds, laid_out, more, start, unkeyed,
};

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
