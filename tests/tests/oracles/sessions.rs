//! What sessions may not do to each other.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use plimsoll_tests::checker::Expect;
use plimsoll_tests::checker::Invariant::{self, I17, I18};
use sea_orm::sqlx::{Connection, Executor, PgConnection};

use crate::history::right_database;
use crate::judge;

async fn until_noticed(url: &str, broken: Invariant) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while judge(url, Expect::default()).await.invariants() != BTreeSet::from([broken]) {
        assert!(Instant::now() < deadline, "{broken:?} was not noticed");
    }
}

#[tokio::test]
async fn a_session_left_idle_in_transaction() {
    let url = right_database().await;
    let mut idle = PgConnection::connect(&url).await.expect("a session");
    idle.execute("BEGIN; SELECT 1")
        .await
        .expect("a transaction");
    until_noticed(&url, I18).await;
}

#[tokio::test]
async fn a_deadlock() {
    let url = right_database().await;
    let session = async |first: &'static str| {
        let mut session = PgConnection::connect(&url).await.expect("a session");
        let lock = session.execute("BEGIN").await;
        lock.expect("a transaction");
        session.execute(first).await.expect("a row is locked");
        session
    };
    let (a, b) = (
        "UPDATE products SET version = version WHERE sku = 'A'",
        "UPDATE products SET version = version WHERE sku = 'B'",
    );
    let (mut one, mut other) = (session(a).await, session(b).await);
    let (one_got, other_got) = tokio::join!(one.execute(b), other.execute(a));
    assert_ne!(one_got.is_ok(), other_got.is_ok(), "one is turned away");
    for session in [one, other] {
        session.close().await.expect("it ends");
    }
    until_noticed(&url, I17).await;
}
