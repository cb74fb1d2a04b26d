//! Who is stuck when, with the present passed in.

use super::*;
use crate::batch::{Chunk, Record};
use crate::inbox::Bounds;

const MOMENT: Duration = Duration::from_secs(1);

fn inbox() -> Arc<Inbox> {
    Arc::new(Inbox::new(Bounds {
        records: 10,
        bytes: 10,
    }))
}

fn queue_a_record(inbox: &Inbox) {
    let mut chunk = Chunk::default();
    let record = Record {
        partition: 0,
        generation: 1,
        offset: 0,
        timestamp_ms: 0,
        value: Some(0..0),
        headers: None,
    };
    chunk.push(record, b"{");
    inbox.push(chunk);
}

fn stuck_lane(lane: usize, silent: Duration) -> Result<(), Stuck> {
    Err(Stuck::Lane { lane, silent })
}

#[test]
fn the_polling_thread_is_stuck_when_it_has_not_turned_for_too_long() {
    let (mut life, start) = (Life::default(), Instant::now());
    assert_eq!(life.judge(start), Ok(()), "it has not begun");
    life.polled(start);
    assert_eq!(life.judge(start + POLL_SILENT_MAX), Ok(()));
    let silent = POLL_SILENT_MAX + MOMENT;
    assert_eq!(life.judge(start + silent), Err(Stuck::Polling { silent }));
    life.polled(start + silent);
    assert_eq!(life.judge(start + silent), Ok(()));
    life.polls_no_more();
    assert_eq!(life.judge(start + silent * 2), Ok(()), "it was told to end");
}

#[test]
fn a_lane_without_anything_to_do_may_be_silent() {
    let (mut life, start) = (Life::default(), Instant::now());
    let lane = life.lane(inbox(), start);
    assert_eq!(life.judge(start + LANE_SILENT_MAX * 9), Ok(()));
    drop(lane);
}

#[test]
fn a_lane_that_leaves_its_queue_alone_is_stuck() {
    let (mut life, start, queue) = (Life::default(), Instant::now(), inbox());
    let idle = life.lane(inbox(), start);
    let lane = life.lane(Arc::clone(&queue), start);
    queue_a_record(&queue);
    assert_eq!(life.judge(start + LANE_SILENT_MAX), Ok(()));
    let silent = LANE_SILENT_MAX + MOMENT;
    assert_eq!(life.judge(start + silent), stuck_lane(1, silent));
    lane.give(start + silent);
    assert_eq!(life.judge(start + silent), Ok(()));
    drop((idle, lane));
    assert_eq!(life.judge(start + silent * 2), Ok(()), "it has ended");
}

#[test]
fn a_lane_whose_batch_never_ends_is_stuck_also_when_nothing_is_queued() {
    let (mut life, start) = (Life::default(), Instant::now());
    let lane = life.lane(inbox(), start);
    lane.in_flight(true, start);
    let silent = LANE_SILENT_MAX + MOMENT;
    assert_eq!(life.judge(start + silent), stuck_lane(0, silent));
    lane.in_flight(false, start);
    assert_eq!(life.judge(start + silent), Ok(()));
}

#[test]
fn a_database_that_fails_excuses_the_lanes_and_not_the_polling_thread() {
    let (mut life, start) = (Life::default(), Instant::now());
    let lane = life.lane(inbox(), start);
    lane.in_flight(true, start);
    let later = start + LANE_SILENT_MAX * 9;
    life.database_failed(later);
    assert_eq!(life.judge(later + LANE_SILENT_MAX), Ok(()));
    let silent = LANE_SILENT_MAX * 10 + MOMENT;
    assert_eq!(life.judge(start + silent), stuck_lane(0, silent));
    life.polled(start);
    life.database_failed(later);
    let silent = LANE_SILENT_MAX * 9;
    assert_eq!(life.judge(later), Err(Stuck::Polling { silent }));
}
