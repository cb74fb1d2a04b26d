//! Whether what must move still moves: the thread that polls, and the lanes. Knows when each
//! last gave a sign of life; the present is passed in. What the outside fails at is no death
//! of ours, so a lane that waits for a database that is away lives.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::inbox::Inbox;

/// A turn of the polling thread takes milliseconds, and two seconds while lanes let partitions
/// go. Long before the group gives up on a member that does not poll (five minutes).
const POLL_SILENT_MAX: Duration = Duration::from_secs(60);

/// An attempt is a handful of statements, each given up after 40 seconds
/// ([`ANSWER_LIMIT`](crate::database::ANSWER_LIMIT)), and the first that is given up ends it.
const LANE_SILENT_MAX: Duration = Duration::from_secs(300);

/// What stands still. Nothing but a restart helps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// Records are no longer fetched, and the group will notice late or never.
    #[error("the thread that polls Kafka has not turned for {} s", .silent.as_secs())]
    Polling {
        /// Since its last turn.
        silent: Duration,
    },
    /// Records wait, and nobody works on them.
    #[error("lane {lane} has records to apply and has given no sign of life for {} s", .silent.as_secs())]
    Lane {
        /// Lanes count from 0.
        lane: usize,
        /// Since its last sign.
        silent: Duration,
    },
}

/// All that must move.
#[derive(Default)]
pub(super) struct Life {
    polled: Option<Instant>,
    database_failed: Option<Instant>,
    /// A lane that has ended is gone from here.
    lanes: Vec<Weak<Signs>>,
}

/// One lane's signs of life.
pub(crate) struct Signs {
    inbox: Arc<Inbox>,
    in_flight: AtomicBool,
    last: Mutex<Instant>,
}

impl Life {
    pub(super) fn polled(&mut self, now: Instant) {
        self.polled = Some(now);
    }

    /// It ends because it was told to.
    pub(super) fn polls_no_more(&mut self) {
        self.polled = None;
    }

    pub(super) fn database_failed(&mut self, now: Instant) {
        self.database_failed = Some(now);
    }

    pub(super) fn lane(&mut self, inbox: Arc<Inbox>, now: Instant) -> Arc<Signs> {
        let signs = Arc::new(Signs {
            inbox,
            in_flight: AtomicBool::new(false),
            last: Mutex::new(now),
        });
        self.lanes.push(Arc::downgrade(&signs));
        signs
    }

    pub(super) fn judge(&self, now: Instant) -> Result<(), Stuck> {
        let stuck = self.stuck_polling(now).or_else(|| self.stuck_lane(now));
        stuck.map_or(Ok(()), Err)
    }

    fn stuck_polling(&self, now: Instant) -> Option<Stuck> {
        let silent = now.saturating_duration_since(self.polled?);
        (silent > POLL_SILENT_MAX).then_some(Stuck::Polling { silent })
    }

    /// Lanes wait for each other's SKUs, so what one of them heard of the database excuses all.
    fn stuck_lane(&self, now: Instant) -> Option<Stuck> {
        let excused = |failed: Instant| now.saturating_duration_since(failed) <= LANE_SILENT_MAX;
        if self.database_failed.is_some_and(excused) {
            return None;
        }
        let lanes = self.lanes.iter().map(Weak::upgrade);
        lanes.enumerate().find_map(|(lane, signs)| {
            let silent = signs?.silent_at_work(now)?;
            (silent > LANE_SILENT_MAX).then_some(Stuck::Lane { lane, silent })
        })
    }
}

impl Signs {
    /// It lives.
    pub(crate) fn give(&self, now: Instant) {
        *self.last.lock() = now;
    }

    /// It lives, and has taken a batch or ended one.
    pub(crate) fn in_flight(&self, in_flight: bool, now: Instant) {
        self.in_flight.store(in_flight, Ordering::Relaxed);
        self.give(now);
    }

    /// How long it has been silent, if there is anything for it to do.
    fn silent_at_work(&self, now: Instant) -> Option<Duration> {
        let works = self.in_flight.load(Ordering::Relaxed) || !self.inbox.is_empty();
        works.then(|| now.saturating_duration_since(*self.last.lock()))
    }
}

#[cfg(test)]
mod tests;
