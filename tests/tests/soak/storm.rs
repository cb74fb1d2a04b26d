//! A rebalance storm: for most of a minute members come, go and die every one to three seconds, over
//! twelve partitions with fresh traffic; once with each protocol of groups.

use std::time::{Duration, Instant};

use plimsoll_sandbox::kafka::Broker;
use plimsoll_sandbox::topics;
use plimsoll_tests::ours::{Plimsoll, Settings};
use plimsoll_tests::servers::{broker, database, number, unique};
use tokio::time::MissedTickBehavior;

use crate::load::Load;
use crate::scene::{
    IMPATIENT, SMALL_BATCHES, all_is_applied, ends_well, goes_on, laid_out, mixed, start,
};

const PARTITIONS: i32 = 12;
const STORM: Duration = Duration::from_secs(45);

/// Seconds from one change to the next, in turn.
const PAUSES: [u64; 5] = [1, 3, 2, 1, 2];

/// With KIP-848 it is the broker that says when a member is missed: not before 45 s unless it is told.
const MISSED_SOON: [(&str, &str); 4] = [
    ("group.consumer.min.session.timeout.ms", "1000"),
    ("group.consumer.session.timeout.ms", "2000"),
    ("group.consumer.min.heartbeat.interval.ms", "100"),
    ("group.consumer.heartbeat.interval.ms", "300"),
];

/// The key stands in the section that the group's line is in.
const BROKER_SIDE: &str = "\"\nprotocol = \"consumer";

/// How often partitions found an owner.
const CLAIMS: &str = "SELECT coalesce(sum(owner_epoch), 0)::bigint FROM positions";

/// What happens next, in turn: four members join for two that end well and two that die.
const CHANGES: [Change; 8] = [
    Change::Join,
    Change::Join,
    Change::Die,
    Change::Join,
    Change::Leave,
    Change::Join,
    Change::Die,
    Change::Leave,
];

#[derive(Clone, Copy)]
enum Change {
    Join,
    Leave,
    Die,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_members_skips_stalls_and_doubles_nothing() {
    let more = format!("{IMPATIENT}{SMALL_BATCHES}");
    storm(&broker().bootstrap(), "", &more).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_under_the_broker_side_protocol_skips_stalls_and_doubles_nothing() {
    let kafka = Broker::start_with(&MISSED_SOON).expect("Apache Kafka starts");
    storm(&kafka.bootstrap(), BROKER_SIDE, SMALL_BATCHES).await;
}

async fn storm(bootstrap: &str, protocol: &str, more: &str) {
    let (topic, shape) = (unique("storm"), mixed(PARTITIONS, true));
    let created = topics::create(bootstrap, &topic, PARTITIONS).await;
    created.expect("a topic");
    let settings = Settings {
        group: format!("{topic}{protocol}"),
        more: more.to_owned(),
        ..Settings::new(&database(None).expect("a database"), bootstrap, &topic)
    };
    let settings = laid_out(settings, &shape).await;
    let stays = start(&settings);
    let load = Load::start(bootstrap, &topic, &shape, 22);
    goes_on(&settings, 1_000, &[&stays]).await;
    blow(&settings).await;
    goes_on(&settings, 1_000, &[&stays]).await;

    load.stop();
    all_is_applied(&settings, &[&stays]).await;
    let claims = number(&settings.database_url, CLAIMS).await;
    let claims = claims.expect("epochs");
    assert!(claims > 5 * i64::from(PARTITIONS), "{claims} are no storm");
    ends_well(&settings, &shape, vec![stays]).await;
}

/// The pauses are the storm itself: nothing is waited for, so that changes meet rebalances.
async fn blow(settings: &Settings) {
    let end = Instant::now() + STORM;
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut guests: Vec<Plimsoll> = Vec::new();
    for (change, &pause) in CHANGES.iter().cycle().zip(PAUSES.iter().cycle()) {
        match (change, guests.is_empty()) {
            (Change::Join, _) | (_, true) => guests.push(start(settings)),
            (Change::Leave, false) => guests.remove(0).stop().expect("it ends with 0"),
            (Change::Die, false) => guests.remove(0).kill().expect("it is killed"),
        }
        if Instant::now() >= end {
            break;
        }
        for _ in 0..pause {
            seconds.tick().await;
        }
    }
}
