//! Decoding a chunk: slots, stretches, and what is left out.

use super::*;

fn chunk(records: &[(i32, i64, &str)]) -> Chunk {
    let mut chunk = Chunk::default();
    for &(partition, offset, value) in records {
        let end = value == "end";
        let record = Record {
            partition,
            generation: 1,
            offset,
            timestamp_ms: offset,
            value: (!end).then_some(0..0),
            headers: None,
        };
        chunk.push(record, if end { "" } else { value }.as_bytes());
    }
    chunk
}

fn sale(sku: &str) -> String {
    format!(r#"{{"product_id": "{sku}", "quantity_change": -1}}"#)
}

fn decode(chunk: Chunk) -> Batch {
    Batch::decode(chunk, Nature::Intent, |_| true)
}

#[test]
fn skus_ascend_and_events_name_their_slot() {
    let (b, a) = (sale("b"), sale("a"));
    let batch = decode(chunk(&[(0, 0, &b), (0, 1, &a), (1, 0, &b)]));
    assert_eq!(
        batch.skus.iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        ["a", "b"]
    );
    let slots = batch
        .entries
        .iter()
        .map(|entry| entry.content.as_ref().map(|read| read.event.slot).ok());
    assert_eq!(slots.collect::<Vec<_>>(), [Some(1), Some(0), Some(1)]);
}

#[test]
fn a_malformed_record_has_an_entry_and_keeps_its_bytes() {
    let batch = decode(chunk(&[(0, 0, "not json")]));
    assert!(batch.entries[0].content.is_err());
    assert_eq!(batch.value(&batch.entries[0]), b"not json");
    assert!(batch.skus.is_empty());
}

#[test]
fn a_position_follows_the_records_taken_over_gaps() {
    let a = sale("a");
    let batch = decode(chunk(&[(0, 4, &a), (0, 9, &a), (0, 12, "end")]));
    let part = |until| {
        batch.offset_after(Share {
            partition: 0,
            first: 0,
            until,
        })
    };
    assert_eq!(
        (part(1), part(2)),
        (9, 12),
        "up to the next record, and past the end of the log"
    );
    assert_eq!(
        batch.shares(),
        [Share {
            partition: 0,
            first: 0,
            until: 2
        }]
    );
}

#[test]
fn an_end_alone_moves_only_the_position() {
    let batch = decode(chunk(&[(5, 40, "end")]));
    assert!(batch.entries.is_empty());
    assert_eq!(
        batch.shares(),
        [Share {
            partition: 5,
            first: 0,
            until: 0
        }]
    );
    assert_eq!(batch.offset_after(batch.shares()[0]), 40);
}

#[test]
fn records_of_an_assignment_that_ended_are_left_out() {
    let a = sale("a");
    let batch = Batch::decode(chunk(&[(0, 0, &a), (1, 0, &a)]), Nature::Intent, |record| {
        record.partition == 1
    });
    assert_eq!(
        batch.shares(),
        [Share {
            partition: 1,
            first: 0,
            until: 1
        }]
    );
    assert_eq!(batch.entries.len(), 1);
}
