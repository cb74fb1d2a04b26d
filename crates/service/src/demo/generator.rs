//! The other side of the demo: a thread that sends traffic, as fast as the service follows.
//! The in-process broker keeps only a few MiB, so what is sent and not yet applied is bounded.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, anyhow};
use plimsoll_core::Watch;
use plimsoll_sandbox::workload::{Log, Sender, Shape, Traffic};

use super::journal::Journal;

/// Records sent at once.
const PORTION: usize = 2_000;

/// Records sent and not yet applied, over all partitions: a quarter of what the broker keeps.
const AHEAD_MAX: u64 = 30_000;

/// How long a record waits for company before it is sent.
const LINGER: Duration = Duration::from_millis(2);

/// How often a generator that is too far ahead looks again.
const PAUSE: Duration = Duration::from_millis(1);

/// A running generator.
pub(super) struct Generator {
    thread: JoinHandle<Result<Produced>>,
    stop: Arc<AtomicBool>,
    sent: Arc<AtomicU64>,
}

/// What was sent, all of it acknowledged by the broker.
pub(super) struct Produced {
    pub(super) journal: Journal,
    /// The next offset of each partition that has records.
    pub(super) next_offsets: BTreeMap<i32, i64>,
}

impl Generator {
    /// Starts sending to `topic`. The seed makes it repeatable.
    pub(super) fn start(
        bootstrap: String,
        topic: &'static str,
        shape: Shape,
        seed: u64,
        watch: Arc<Watch>,
    ) -> Generator {
        let (stop, sent) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&sent));
        let thread = thread::spawn(move || {
            let ahead = || {
                counted
                    .load(Ordering::Relaxed)
                    .saturating_sub(watch.records_applied())
            };
            let sender = Sender::connect(&bootstrap, topic, LINGER, Log::new(PORTION))?;
            produce(sender, shape, seed, &stopped, &counted, ahead)
        });
        Generator { thread, stop, sent }
    }

    /// Records acknowledged so far.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Whether it gave up.
    pub(super) fn has_ended(&self) -> bool {
        self.thread.is_finished()
    }

    /// Ends the traffic.
    pub(super) fn stop(self) -> Result<Produced> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread
            .join()
            .map_err(|_| anyhow!("the generator panicked"))?
    }
}

fn produce(
    mut sender: Sender,
    shape: Shape,
    seed: u64,
    stop: &AtomicBool,
    sent: &AtomicU64,
    ahead: impl Fn() -> u64,
) -> Result<Produced> {
    let mut produced = Produced {
        journal: Journal::new(shape.partitions)?,
        next_offsets: BTreeMap::new(),
    };
    let mut traffic = Traffic::new(shape, seed);
    while !stop.load(Ordering::Relaxed) {
        if ahead() > AHEAD_MAX {
            thread::sleep(PAUSE);
            continue;
        }
        let delivered = sender.send(traffic.by_ref().take(PORTION))?;
        for (partition, offsets) in &delivered.offsets {
            sender.with_log(|log| produced.journal.note(log, *partition, offsets))?;
            produced.next_offsets.insert(*partition, offsets.end);
        }
        sent.fetch_add(delivered.records, Ordering::Relaxed);
    }
    Ok(produced)
}
