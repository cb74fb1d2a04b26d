//! The clock behind deadlines: a thread that moves the engine's epoch on. Knows no deadline.

use std::io;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use wasmtime::EngineWeak;

/// Ticks until it is dropped.
pub(super) struct Ticker {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(super) fn start(engine: EngineWeak, tick: Duration) -> io::Result<Ticker> {
        let (stop, stopped) = sync_channel::<()>(0);
        let thread = Builder::new().name("rule-ticker".into()).spawn(move || {
            while stopped.recv_timeout(tick) == Err(RecvTimeoutError::Timeout) {
                let Some(engine) = engine.upgrade() else {
                    return;
                };
                engine.increment_epoch();
            }
        })?;
        Ok(Ticker {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        // Without its sender the thread's wait ends at once.
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the ticker does nothing that panics");
        }
    }
}
