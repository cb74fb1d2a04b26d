//! The whole system against real servers: what judges it, what it is compared with, and what drives it.

pub mod bench;
pub mod checker;
pub mod history;
pub mod ours;
pub mod races;
pub mod record;
pub mod servers;
pub mod watched;

/// Says that a test proves nothing on this machine, and why. Not by `eprintln`, which is not shown of
/// a test that passes.
///
/// # Panics
/// If there is no standard error.
pub fn skipped(why: impl std::fmt::Display) {
    use std::io::Write;
    writeln!(std::io::stderr(), "SKIPPED: {why}").expect("somebody listens");
}
