//! Log lines to standard error, for people or for machines. Where the filter comes from is not
//! known here.

use std::io::{IsTerminal, stderr};

use thiserror::Error;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// How a log line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One line for a person, in colour on a terminal.
    Human,
    /// One JSON object with the event's fields at its top.
    Json,
}

/// Why there are no log lines.
#[derive(Debug, Error)]
pub enum Error {
    /// The filter is none.
    #[error("the log filter cannot be read")]
    Filter(#[from] ParseError),
    /// The process has its subscriber already.
    #[error("log lines go elsewhere already")]
    Taken(#[from] TryInitError),
}

/// Starts writing log lines, once for each process. The filter is written as for `RUST_LOG`, such
/// as `info` or `warn,plimsoll_core=debug`.
///
/// # Errors
/// See [`Error`].
pub fn init(format: Format, filter: &str) -> Result<(), Error> {
    let filter = EnvFilter::builder().parse(filter)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr);
    match format {
        Format::Human => lines
            .with_ansi(stderr().is_terminal())
            .finish()
            .try_init()?,
        Format::Json => lines
            .json()
            .flatten_event(true)
            .with_span_list(false)
            .finish()
            .try_init()?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_none_is_refused() {
        assert!(matches!(
            init(Format::Json, "plimsoll=loud"),
            Err(Error::Filter(_))
        ));
    }

    #[test]
    fn a_process_has_one_subscriber() {
        init(Format::Json, "info").expect("it is the first");
        assert!(matches!(init(Format::Human, "info"), Err(Error::Taken(_))));
    }
}
