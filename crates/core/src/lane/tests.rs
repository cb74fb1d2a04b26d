//! What a lane takes of what is queued, under orders that come at any time. No database answers.

use plimsoll_domain::lane::MALFORMED_IN_A_ROW_MAX;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::*;
use crate::Watch;
use crate::inbox::{Bounds, Order};

/// Less than a database is waited for.
const SOON: Duration = Duration::from_secs(8);
/// Whatever else is waited for comes within this time.
const LIMIT: Duration = Duration::from_secs(30);

/// A lane, and what it says.
fn lane() -> (Lane, UnboundedReceiver<Heard>) {
    lane_with("127.0.0.1:1")
}

/// One with a database at this address.
fn lane_with(address: impl std::fmt::Display) -> (Lane, UnboundedReceiver<Heard>) {
    let bounds = Bounds {
        records: 1_000,
        bytes: 100_000,
    };
    #[expect(clippy::disallowed_methods, reason = "as many as a test says")]
    let (sender, heard) = unbounded_channel();
    let shared = Shared {
        store: Arc::new(Store::unasked(address)),
        locks: Arc::default(),
        progress: Arc::default(),
        coordinator: Coordinator(sender),
        nature: Nature::Intent,
    };
    (Lane::new(shared, Arc::new(Inbox::new(bounds))), heard)
}

impl Lane {
    fn ordered(&mut self, order: Order) {
        self.inbox.order(order);
        self.obey();
    }

    /// Partition 0 is its own from offset 5 on.
    fn owns(&mut self, generation: u32) {
        self.ordered(Order::Own {
            partition: 0,
            generation,
            claim: 9,
            next_offset: 5,
        });
    }

    fn lets_go(&mut self, generation: u32) {
        self.ordered(Order::LetGo {
            partition: 0,
            generation,
        });
    }

    /// As a batch begins.
    fn takes(&mut self, chunk: Chunk) -> Batch {
        let batch = self.decode(chunk);
        self.in_flight = self.owned.clone();
        batch
    }
}

/// Records that are no events: partition, generation, offset.
fn malformed(records: impl IntoIterator<Item = (i32, u32, i64)>) -> Chunk {
    let mut chunk = Chunk::default();
    for (partition, generation, offset) in records {
        let record = Record {
            partition,
            generation,
            offset,
            timestamp_ms: 0,
            value: Some(0..0),
            headers: None,
        };
        chunk.push(record, b"no event");
    }
    chunk
}

/// The log ends at `offset`, and no record came.
fn end(offset: i64) -> Chunk {
    let mut chunk = malformed([(0, 1, offset)]);
    chunk.records[0].value = None;
    chunk
}

/// Others may have applied them, or they leave out what came before.
#[test]
fn records_of_an_earlier_assignment_or_from_before_the_position_are_left_out() {
    let (mut lane, _heard) = lane();
    lane.owns(2);
    let batch = lane.takes(malformed([
        (0, 1, 6),
        (0, 2, 4),
        (0, 2, 5),
        (1, 2, 7),
        (0, 2, 8),
    ]));
    let taken: Vec<i64> = batch.entries.iter().map(|entry| entry.offset).collect();
    assert_eq!(taken, [5, 8]);
}

#[test]
fn what_was_taken_under_an_assignment_that_ended_meanwhile_is_not_applied() {
    let (mut lane, _heard) = lane();
    lane.owns(1);
    let batch = lane.takes(malformed([(0, 1, 5)]));
    let share = batch.shares()[0];
    assert!(lane.moves(&batch, share));
    lane.lets_go(1);
    assert!(!lane.moves(&batch, share), "it left");
    lane.owns(2);
    assert!(!lane.moves(&batch, share), "it came back");
}

#[test]
fn the_end_of_a_log_is_applied_only_if_it_moves_the_position() {
    let (mut lane, _heard) = lane();
    lane.owns(1);
    for (offset, moves) in [(5, false), (6, true)] {
        let batch = lane.takes(end(offset));
        assert_eq!(lane.moves(&batch, batch.shares()[0]), moves, "{offset}");
    }
}

/// Both are in the queue when a partition leaves and comes back at once.
#[test]
fn an_order_to_let_go_of_an_earlier_assignment_ends_no_later_one() {
    let (mut lane, mut heard) = lane();
    lane.owns(2);
    for (generation, stays) in [(1, true), (2, false)] {
        lane.lets_go(generation);
        assert_eq!(lane.owned.contains_key(&0), stays);
        let said = heard.try_recv().expect("the group waits for it");
        assert!(matches!(said, Heard::LetGo { partition: 0 }));
    }
}

#[test]
fn what_is_committed_under_an_assignment_that_ended_trips_no_breaker_of_the_next() {
    let (mut lane, _heard) = lane();
    let many = MALFORMED_IN_A_ROW_MAX;
    lane.owns(1);
    let batch = lane.takes(malformed(
        (5..).take(many as usize).map(|offset| (0, 1, offset)),
    ));
    let all: Vec<u32> = (0..many).collect();
    lane.owns(2);
    assert_eq!(lane.committed(&batch, &all), Answer::Committed);
    lane.in_flight = lane.owned.clone();
    assert_eq!(lane.committed(&batch, &all), Answer::Tripped(vec![0]));
}

/// A partition that was claimed anew has an earlier attempt still in flight.
#[test]
fn an_answer_to_an_assignment_that_ended_takes_nothing_from_the_next() {
    let (mut lane, mut heard) = lane();
    lane.owns(1);
    lane.takes(malformed([(0, 1, 5)]));
    lane.owns(2);
    lane.lose(&[0]);
    lane.halt(0, "why");
    heard.try_recv().expect_err("the next one goes on");
    lane.in_flight = lane.owned.clone();
    lane.lose(&[0]);
    let said = heard.try_recv().expect("it is said");
    assert!(matches!(
        said,
        Heard::Lost {
            partition: 0,
            generation: 2
        }
    ));
    lane.halt(0, "why");
    heard.try_recv().expect_err("it is gone already");
}

/// One that takes connections and never says a word.
async fn silent() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a free port")
}

/// A database that was not waited for.
fn has_not_failed(watch: &Watch) {
    let at_first = Watch::default().readiness().database;
    assert_eq!(watch.readiness().database, at_first);
}

#[tokio::test]
async fn an_idle_lane_tells_why_its_database_is_away() {
    let (mut lane, _heard) = lane();
    let watch = Arc::clone(&lane.shared.store.watch);
    lane.owns(1);
    timeout(LIMIT, lane.compare()).await.expect("it is refused");
    let why = watch.readiness().database.expect("it is away");
    assert!(why.contains("refused"), "{why}");
}

#[tokio::test]
async fn a_lane_whose_database_is_silent_still_lets_go() {
    let database = silent().await;
    let (mut lane, mut heard) = lane_with(database.local_addr().expect("it is bound"));
    let inbox = Arc::clone(&lane.inbox);
    let watch = Arc::clone(&lane.shared.store.watch);
    lane.owns(1);
    let lane = tokio::spawn(lane.run());
    let _asked = timeout(LIMIT, database.accept()).await.expect("it asks");
    inbox.order(Order::LetGo {
        partition: 0,
        generation: 1,
    });
    let said = timeout(SOON, heard.recv()).await.expect("it does not wait");
    assert!(matches!(said, Some(Heard::LetGo { partition: 0 })));
    inbox.order(Order::End);
    timeout(SOON, lane).await.expect("it ends").expect("well");
    has_not_failed(&watch);
}

#[tokio::test]
async fn a_lane_whose_database_is_silent_still_ends() {
    let database = silent().await;
    let (mut lane, _heard) = lane_with(database.local_addr().expect("it is bound"));
    let inbox = Arc::clone(&lane.inbox);
    let watch = Arc::clone(&lane.shared.store.watch);
    lane.owns(1);
    inbox.push(malformed([(0, 1, 5)]));
    let lane = tokio::spawn(lane.run());
    let _asked = timeout(LIMIT, database.accept()).await.expect("it asks");
    inbox.order(Order::End);
    timeout(SOON, lane).await.expect("it ends").expect("well");
    has_not_failed(&watch);
}
