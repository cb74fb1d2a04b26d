//! Waiting for something outside to become true, with a deadline.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often a condition is looked at.
const PACE: Duration = Duration::from_millis(10);

/// Asks until there is an answer, and fails when there is none within `limit`.
pub(crate) fn until<T>(
    limit: Duration,
    what: &str,
    mut ask: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        if Instant::now() >= deadline {
            bail!("{what} did not happen within {limit:?}");
        }
        thread::sleep(PACE);
    }
}
