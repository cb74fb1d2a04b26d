//! What xtask tells people: results to stdout, errors to stderr. The only
//! place that prints, and it decides nothing.

use std::fmt::Display;

/// One line of result.
#[expect(
    clippy::print_stdout,
    reason = "a command line's answer belongs on stdout"
)]
pub(crate) fn line(text: impl Display) {
    println!("{text}");
}

/// A thing that setup found or installed: what, and which.
pub(crate) fn found(what: &str, which: impl Display) {
    line(format_args!("{what:<14}{which}"));
}

/// An error with its causes. Silent when there is nothing to add to what a
/// child has already written.
pub(crate) fn error(error: &anyhow::Error) {
    let text = format!("{error:#}");
    if !text.is_empty() {
        eprintln!("error: {text}");
    }
}
