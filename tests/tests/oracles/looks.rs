//! What only a look after another shows, and what Kafka is told.

use std::collections::BTreeSet;

use plimsoll_tests::checker::Invariant::{I9, I10};
use plimsoll_tests::checker::{Expect, Findings, Looks};
use plimsoll_tests::servers::{broker, sql, unique};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use crate::history::{right_database, scope};

/// A right database, its broker, and a group that has been told nothing.
async fn one_of_each() -> (String, String, String) {
    (
        right_database().await,
        broker().bootstrap(),
        unique("group"),
    )
}

async fn open<'a>(url: &'a str, bootstrap: &'a str, group: &str) -> Looks<'a> {
    let looks = Looks::open(scope(url, bootstrap), group, "positions");
    looks.await.expect("servers answer")
}

/// Two looks at a right database, then one after the change.
async fn after(change: &str) -> Findings {
    let (url, bootstrap, group) = one_of_each().await;
    let mut looks = open(&url, &bootstrap, &group).await;
    for _ in 0..2 {
        let findings = looks.look(Expect::default()).await.expect("servers answer");
        assert!(findings.is_empty(), "{findings}");
    }
    sql(&url, change).await.expect(change);
    looks.look(Expect::default()).await.expect("servers answer")
}

#[tokio::test]
async fn a_position_that_went_back() {
    let back = "UPDATE positions SET next_offset = next_offset - 1 WHERE partition = 1";
    assert_eq!(after(back).await.invariants(), BTreeSet::from([I9]));
}

const BACK_AND_ON: &str = "UPDATE positions SET next_offset = next_offset - 1 WHERE partition = 1;
                           UPDATE positions SET next_offset = next_offset + 1 WHERE partition = 1";

#[tokio::test]
async fn a_position_that_went_back_and_on_between_two_looks() {
    assert_eq!(after(BACK_AND_ON).await.invariants(), BTreeSet::from([I9]));
}

#[tokio::test]
async fn a_position_that_goes_back_after_the_last_look() {
    let (url, bootstrap, group) = one_of_each().await;
    let looks = open(&url, &bootstrap, &group).await;
    tell(&group, [11, 5, 2]);
    sql(&url, BACK_AND_ON).await.expect("two steps");
    let findings = looks.at_end().await.expect("servers answer");
    assert_eq!(findings.invariants(), BTreeSet::from([I9]));
}

#[tokio::test]
async fn a_position_that_is_gone() {
    let gone = "DELETE FROM positions WHERE partition = 1";
    assert_eq!(after(gone).await.invariants(), BTreeSet::from([I9]));
}

#[tokio::test]
async fn an_epoch_that_went_back() {
    let back = "UPDATE positions SET owner_epoch = 0 WHERE partition = 1";
    assert_eq!(after(back).await.invariants(), BTreeSet::from([I9]));
}

/// Tells a group of this topic what it has read, as whoever reads does.
fn tell(group: &str, offsets: [i64; 3]) {
    let client: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", broker().bootstrap())
        .set("group.id", group)
        .create()
        .expect("a client");
    let mut told = TopicPartitionList::new();
    for (partition, offset) in (0..).zip(offsets) {
        told.add_partition_offset("history", partition, Offset::Offset(offset))
            .expect("it is an offset");
    }
    client.commit(&told, CommitMode::Sync).expect("it is told");
}

#[tokio::test]
async fn a_group_that_is_told_too_much() {
    let (url, bootstrap, group) = one_of_each().await;
    let mut looks = open(&url, &bootstrap, &group).await;
    // What is asked about is what the look before has seen.
    looks.look(Expect::default()).await.expect("servers answer");
    for (offsets, broken) in [
        ([11, 5, 0], BTreeSet::new()),
        ([11, 6, 2], BTreeSet::from([I10])),
    ] {
        tell(&group, offsets);
        let findings = looks.look(Expect::default()).await.expect("servers answer");
        assert_eq!(findings.invariants(), broken, "{findings}");
    }
}

#[tokio::test]
async fn a_group_that_is_told_too_little_in_the_end() {
    let (url, bootstrap, group) = one_of_each().await;
    let looks = open(&url, &bootstrap, &group).await;
    for (offsets, broken) in [
        ([11, 5, 2], BTreeSet::new()),
        ([11, 4, 2], BTreeSet::from([I10])),
    ] {
        tell(&group, offsets);
        let findings = looks.at_end().await.expect("servers answer");
        assert_eq!(findings.invariants(), broken, "{findings}");
    }
}
