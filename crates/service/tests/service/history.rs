//! A small past, written by hand: three movements of A, one of B, refusals, and a parked event.

use crate::support::{migrated, sql};

/// The identity of A's second movement.
pub(crate) const KEY: &str = "00000000-0000-0000-0000-00000000000a";

/// A new database with that past.
pub(crate) fn database() -> String {
    let url = migrated();
    sql(&url, include_str!("history.sql"));
    url
}
