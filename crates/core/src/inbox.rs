//! The bounded queue between the polling thread and one lane: records in order, and orders
//! that overtake them. Knows neither Kafka nor the database.

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;

use crate::batch::{Chunk, Record};

/// Chunks that may wait, each as large as a batch: one to take when the lane is free, one
/// that fills meanwhile.
const CHUNKS_MAX: usize = 2;

/// What the coordinator tells a lane.
#[derive(Debug)]
pub(crate) enum Order {
    /// This partition is yours from `next_offset` on.
    Own {
        partition: i32,
        generation: u32,
        claim: u128,
        next_offset: i64,
    },
    /// It is not yours any more; say so when nothing of it is in flight.
    LetGo { partition: i32, generation: u32 },
    /// Finish what is in flight and end.
    End,
}

/// Bounds of one chunk, which are those of a batch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    pub(crate) records: usize,
    pub(crate) bytes: usize,
}

/// One lane's queue.
pub(crate) struct Inbox {
    bounds: Bounds,
    inner: Mutex<Inner>,
    space: Condvar,
    arrived: Notify,
}

#[derive(Default)]
struct Inner {
    orders: VecDeque<Order>,
    chunks: VecDeque<Chunk>,
}

impl Inbox {
    pub(crate) fn new(bounds: Bounds) -> Inbox {
        Inbox {
            bounds,
            inner: Mutex::default(),
            space: Condvar::new(),
            arrived: Notify::new(),
        }
    }

    /// What a chunk may hold.
    pub(crate) fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Appends what was fetched, which keeps the bounds. Never refuses: the caller asks `is_full`
    /// before it fetches more.
    pub(crate) fn push(&self, fetched: Chunk) {
        let mut inner = self.inner.lock();
        let fits = |last: &Chunk| {
            last.records.len() + fetched.records.len() <= self.bounds.records
                && last.bytes.len() + fetched.bytes.len() <= self.bounds.bytes
        };
        match inner.chunks.back_mut().filter(|last| fits(last)) {
            Some(last) => last.append(fetched),
            None => inner.chunks.push_back(fetched),
        }
        drop(inner);
        self.arrived.notify_one();
    }

    pub(crate) fn order(&self, order: Order) {
        self.inner.lock().orders.push_back(order);
        self.arrived.notify_one();
    }

    /// Whether no record waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.inner.lock().chunks.is_empty()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.inner.lock().chunks.len() >= CHUNKS_MAX
    }

    /// Whether there is little left to take.
    pub(crate) fn is_low(&self) -> bool {
        self.inner.lock().chunks.len() < CHUNKS_MAX / 2 + 1
    }

    /// Blocks the polling thread until there is space, at most `limit`.
    pub(crate) fn wait_for_space(&self, limit: Duration) {
        let mut inner = self.inner.lock();
        if inner.chunks.len() >= CHUNKS_MAX {
            self.space.wait_for(&mut inner, limit);
        }
    }

    /// The next order, if there is one.
    pub(crate) fn next_order(&self) -> Option<Order> {
        self.inner.lock().orders.pop_front()
    }

    /// All that is queued, up to the bounds of a batch; nothing while an order waits. Records of an
    /// assignment come after its order, and whoever met them before it would take them for stale.
    pub(crate) fn take(&self) -> Option<Chunk> {
        let mut inner = self.inner.lock();
        if !inner.orders.is_empty() {
            return None;
        }
        let chunk = inner.chunks.pop_front()?;
        drop(inner);
        self.space.notify_one();
        Some(chunk)
    }

    /// Returns when something arrived since the last call.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

impl Chunk {
    /// Adds one record with its value.
    pub(crate) fn push(&mut self, record: Record, value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        let value = record.value.map(|_| start..self.bytes.len());
        self.records.push(Record { value, ..record });
    }

    fn append(&mut self, other: Chunk) {
        let shift = self.bytes.len();
        self.bytes.extend_from_slice(&other.bytes);
        self.records.extend(other.records.into_iter().map(|record| {
            Record {
                value: record
                    .value
                    .map(|value| value.start + shift..value.end + shift),
                ..record
            }
        }));
    }
}

#[cfg(test)]
mod tests;
