//! PostgreSQL fails over to the past: a replica that was cut off some time ago takes the place of the
//! server that died. What was committed in between is gone, with its positions, so it is applied
//! again, and the end is what the topic says.

use plimsoll_sandbox::postgres::Cluster;
use plimsoll_tests::ours::{self, Settings};
use plimsoll_tests::servers::{broker, topic};

use crate::load::Load;
use crate::scene::{
    IMPATIENT, SMALL_BATCHES, all_is_applied, ends_well, goes_on, laid_out, mixed, start,
};

const PARTITIONS: i32 = 4;

/// More than the replica will have known.
const LAG_RECORDS: i64 = 10_000;

#[tokio::test(flavor = "multi_thread")]
async fn after_a_fail_over_to_the_past_what_was_forgotten_is_applied_again() {
    let mut primary = Cluster::start(&[]).expect("PostgreSQL starts");
    let database = primary.create_database("failover", None);
    database.expect("a database");
    let (bootstrap, shape) = (broker().bootstrap(), mixed(PARTITIONS, true));
    let topic = topic(PARTITIONS).await.expect("a topic");
    let settings = Settings {
        more: format!("{IMPATIENT}{SMALL_BATCHES}"),
        ..Settings::new(&primary.url("failover"), &bootstrap, &topic)
    };
    let settings = laid_out(settings, &shape).await;
    let mut replica = primary.replica().expect("a replica follows");
    let (first, second) = (start(&settings), start(&settings));
    let members = [&first, &second];
    let load = Load::start(&bootstrap, &topic, &shape, 23);
    goes_on(&settings, 5_000, &members).await;

    replica.stop_following().expect("it is cut off");
    goes_on(&settings, LAG_RECORDS, &members).await;
    let known = ours::applied(&settings).await.expect("positions");
    let past = Settings {
        database_url: replica.url("failover"),
        ..settings.clone()
    };
    let remembered = ours::applied(&past).await.expect("positions");
    assert!(
        (1..=known - LAG_RECORDS / 2).contains(&remembered),
        "the replica knows {remembered} of {known} records"
    );
    primary.stop_immediate().expect("it dies");
    replica.take_over(&primary).expect("it is promoted");
    goes_on(&settings, 5_000, &members).await;

    load.stop();
    all_is_applied(&settings, &members).await;
    ends_well(&settings, &shape, vec![first, second]).await;
}
