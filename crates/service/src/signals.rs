//! SIGTERM and Ctrl-C: the first asks, the second does not.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::exit::Failure;
use crate::say;

/// Exit code of a process that was told twice.
const SECOND_SIGNAL: i32 = 143;

/// Becomes true at the first signal. At the second the process ends where it is: what was not
/// committed rolls back.
pub(crate) fn stop_at_first_exit_at_second() -> Result<watch::Receiver<bool>, Failure> {
    let listen = |kind| {
        signal(kind).map_err(|error| {
            Failure::environment(format!("cannot listen for signals: {error}"), "")
        })
    };
    let (mut terminate, mut interrupt) = (
        listen(SignalKind::terminate())?,
        listen(SignalKind::interrupt())?,
    );
    let (stop, stopping) = watch::channel(false);
    tokio::spawn(async move {
        any(&mut terminate, &mut interrupt).await;
        stop.send_replace(true);
        any(&mut terminate, &mut interrupt).await;
        say::note("told twice: ended without draining; nothing is lost or applied twice");
        std::process::exit(SECOND_SIGNAL);
    });
    Ok(stopping)
}

async fn any(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
