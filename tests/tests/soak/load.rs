//! Traffic that goes on while a fault comes and goes. It does not know what the fault is, and waits
//! for each acknowledgement as long as the sender does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use plimsoll_sandbox::workload::{Log, Sender, Shape, Traffic};

/// Sent at a time, and how long the client waits for more than that, in vain: 5,000 records a second
/// at most.
const PORTION: usize = 100;
const LINGER: Duration = Duration::from_millis(20);

/// A sender on a thread of its own, until it is stopped or dropped.
pub(crate) struct Load {
    stopping: Arc<AtomicBool>,
    sender: Option<JoinHandle<anyhow::Result<u64>>>,
}

impl Load {
    pub(crate) fn start(bootstrap: &str, topic: &str, shape: &Shape, seed: u64) -> Load {
        let stopping = Arc::new(AtomicBool::new(false));
        let (bootstrap, topic) = (bootstrap.to_owned(), topic.to_owned());
        let (traffic, stop) = (Traffic::new(shape.clone(), seed), Arc::clone(&stopping));
        let sender = thread::spawn(move || send(&bootstrap, &topic, traffic, &stop));
        Load {
            stopping,
            sender: Some(sender),
        }
    }

    /// Ends it, and returns how many records were acknowledged: all that were sent.
    pub(crate) fn stop(mut self) -> u64 {
        self.stopping.store(true, Ordering::Relaxed);
        let sender = self.sender.take().expect("it is stopped once");
        let sent = sender.join().expect("the sender does not panic");
        sent.expect("each record is acknowledged")
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

fn send(
    bootstrap: &str,
    topic: &str,
    mut traffic: Traffic,
    stop: &AtomicBool,
) -> anyhow::Result<u64> {
    let mut sender = Sender::connect(bootstrap, topic, LINGER, Log::new(0))?;
    while !stop.load(Ordering::Relaxed) {
        sender.send(traffic.by_ref().take(PORTION))?;
    }
    Ok(sender.with_log(Log::records))
}
