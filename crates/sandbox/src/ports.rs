//! Free TCP ports on the loopback address.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;

use anyhow::{Result, bail};

/// Below the range the kernel takes the ports of outgoing connections from. A client that keeps
/// knocking at a stopped server's port inside that range sooner or later connects to itself, and
/// then the server cannot have its port back.
const RANGE: Range<u16> = 10_240..32_000;

/// Tries before giving up: with a thousand ports taken, the chance of missing is nil.
const TRIES: u32 = 100;

/// A port that nobody listens on at the moment.
///
/// # Errors
/// Every port tried was taken.
pub(crate) fn free() -> Result<u16> {
    for _ in 0..TRIES {
        let port = rand::random_range(RANGE);
        if is_free(port) {
            return Ok(port);
        }
    }
    bail!(
        "no free port between {} and {} on 127.0.0.1",
        RANGE.start,
        RANGE.end
    )
}

/// Starts a server on this port if nobody listens on it, else on any free one. Somebody may take
/// a port between our look and the server's own: a start that fails is tried once more elsewhere.
///
/// # Errors
/// The second start's.
pub fn start_on<T>(preferred: u16, start: impl Fn(u16) -> Result<T>) -> Result<T> {
    let port = if is_free(preferred) {
        preferred
    } else {
        free()?
    };
    start(port).or_else(|_| start(free()?))
}

fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
