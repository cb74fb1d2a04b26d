//! Bounds and order of a lane's queue.

use super::*;

fn fetched(values: &[&str]) -> Chunk {
    let mut chunk = Chunk::default();
    for value in values {
        let record = Record {
            partition: 0,
            generation: 1,
            offset: 0,
            timestamp_ms: 0,
            value: Some(0..0),
            headers: None,
        };
        chunk.push(record, value.as_bytes());
    }
    chunk
}

fn values(chunk: &Chunk) -> Vec<&str> {
    let value = |record: &Record| {
        record
            .value
            .clone()
            .map_or("", |range| text(&chunk.bytes[range]))
    };
    chunk.records.iter().map(value).collect()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("the test writes UTF-8")
}

#[test]
fn what_is_queued_is_taken_together_up_to_the_bounds_and_in_order() {
    let inbox = Inbox::new(Bounds {
        records: 3,
        bytes: 100,
    });
    inbox.push(fetched(&["a", "b"]));
    inbox.push(fetched(&["c"]));
    inbox.push(fetched(&["d"]));
    assert_eq!(inbox.take().as_ref().map(values), Some(vec!["a", "b", "c"]));
    assert_eq!(inbox.take().as_ref().map(values), Some(vec!["d"]));
    assert!(inbox.take().is_none());
}

#[test]
fn bytes_bound_a_batch_too_and_one_larger_record_goes_alone() {
    let inbox = Inbox::new(Bounds {
        records: 100,
        bytes: 4,
    });
    inbox.push(fetched(&["abcdefgh"]));
    inbox.push(fetched(&["ijkl"]));
    inbox.push(fetched(&["m"]));
    assert_eq!(inbox.take().as_ref().map(values), Some(vec!["abcdefgh"]));
    assert_eq!(inbox.take().as_ref().map(values), Some(vec!["ijkl"]));
}

#[test]
fn a_lane_that_takes_nothing_is_full_after_two_batches() {
    let inbox = Inbox::new(Bounds {
        records: 1,
        bytes: 100,
    });
    inbox.push(fetched(&["a"]));
    assert!(!inbox.is_full());
    inbox.push(fetched(&["b"]));
    assert!(inbox.is_full() && !inbox.is_low());
    inbox.take();
    assert!(inbox.is_low());
}

#[test]
fn records_wait_for_the_orders_that_came_before_them() {
    let inbox = Inbox::new(Bounds {
        records: 1,
        bytes: 100,
    });
    inbox.order(Order::End);
    inbox.push(fetched(&["a"]));
    assert!(inbox.take().is_none());
    assert!(inbox.next_order().is_some());
    assert_eq!(inbox.take().as_ref().map(values), Some(vec!["a"]));
}

/// A lane that did not wait would turn for ever.
#[tokio::test]
async fn a_lane_waits_until_something_arrives() {
    let inbox = Inbox::new(Bounds {
        records: 3,
        bytes: 100,
    });
    let arrived = async || {
        tokio::select! {
            biased;
            () = inbox.arrived() => true,
            () = std::future::ready(()) => false,
        }
    };
    assert!(!arrived().await);
    inbox.push(fetched(&["a"]));
    assert!(arrived().await);
    assert!(!arrived().await);
    inbox.order(Order::End);
    assert!(arrived().await);
}
