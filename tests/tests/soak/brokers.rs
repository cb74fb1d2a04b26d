//! Three brokers, replication 3, two replicas for an acknowledgement: leaders are killed under load,
//! the second time together with the coordinator of the group.

use plimsoll_sandbox::kafka::trio::Trio;
use plimsoll_sandbox::topics;
use plimsoll_tests::ours::Settings;
use plimsoll_tests::servers::database;

use crate::load::Load;
use crate::scene::{
    IMPATIENT, SMALL_BATCHES, all_is_applied, ends_well, goes_on, laid_out, mixed, start,
};

const TOPIC: &str = "replicated";
const PARTITIONS: i32 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn leaders_that_are_killed_under_load_lose_double_and_reorder_nothing() {
    let mut kafka = Trio::start().expect("three brokers start");
    let bootstrap = kafka.bootstrap();
    let created = topics::create(&bootstrap, TOPIC, PARTITIONS).await;
    created.expect("a topic");
    let shape = mixed(PARTITIONS, true);
    let settings = Settings {
        more: format!("{IMPATIENT}{SMALL_BATCHES}"),
        ..Settings::new(&database(None).expect("a database"), &bootstrap, TOPIC)
    };
    let settings = laid_out(settings, &shape).await;
    let (first, second) = (start(&settings), start(&settings));
    let members = [&first, &second];
    let load = Load::start(&bootstrap, TOPIC, &shape, 21);
    goes_on(&settings, 5_000, &members).await;

    let leader = kafka.leader(TOPIC, 0).expect("a leader");
    kafka.kill9(&[leader]).expect("it is killed");
    let successor = kafka.leader(TOPIC, 0).expect("another leader");
    assert_ne!(leader, successor);
    all_is_applied(&settings, &members).await;
    kafka.start_again(&[leader]).expect("it comes back");
    kafka.until_in_sync(TOPIC).expect("it has all it missed");

    let coordinator = kafka.coordinator(&settings.group).expect("a coordinator");
    let leader = other_leader(&kafka, coordinator);
    kafka.kill9(&[leader, coordinator]).expect("both are gone");
    let both = kafka.start_again(&[leader, coordinator]);
    both.expect("both come back");
    goes_on(&settings, 5_000, &members).await;

    let sent = load.stop();
    assert!(sent > 20_000, "{sent} records are little traffic");
    all_is_applied(&settings, &members).await;
    ends_well(&settings, &shape, vec![first, second]).await;
}

/// A leader of some partition that is not the coordinator, so that two of three brokers die.
fn other_leader(kafka: &Trio, coordinator: usize) -> usize {
    let leaders = (0..4).map(|partition| kafka.leader(TOPIC, partition).expect("a leader"));
    let mut others = leaders.filter(|&leader| leader != coordinator);
    others
        .next()
        .expect("four partitions have more than one leader")
}
