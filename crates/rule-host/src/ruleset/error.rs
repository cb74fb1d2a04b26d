//! Why a ruleset is refused: which rule of it, which bundle, and what to write instead.

use super::document::BINDINGS_MAX;
use super::selector::{ENTRIES_MAX, TEXT_BYTES_MAX};
use crate::bundle::ManifestError;

/// Why a ruleset is refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is not TOML, or not a ruleset.
    #[error("the ruleset cannot be read")]
    Toml(#[source] toml::de::Error),
    /// It is not JSON, or not a ruleset.
    #[error("the ruleset cannot be read")]
    Json(#[source] serde_json::Error),
    /// Too many bindings.
    #[error(
        "the ruleset has {0} rules, {BINDINGS_MAX} are the most: remove those that are off, or \
         let one rule cover more by its selector"
    )]
    Many(usize),
    /// One of its bindings.
    #[error("rule {number} of the ruleset, bundle {bundle}")]
    Binding {
        /// Its place in the document, from 1.
        number: usize,
        /// Its bundle's name, if it is known, and digest.
        bundle: String,
        /// What is wrong with it.
        #[source]
        wrong: Wrong,
    },
}

/// What is wrong with one binding.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// A share that is none.
    #[error("its canary has {0} percent: write 0 to 100")]
    Percent(u8),
    /// An entry that selects nothing, ever.
    #[error(
        "`select.{0}` has an empty entry: leave the whole list out to select everything, or \
         write what is to be selected"
    )]
    Empty(String),
    /// A list too long to go through for every event.
    #[error("`select.{list}` has {count} entries, {ENTRIES_MAX} are the most: use patterns")]
    Entries {
        /// Which list.
        list: String,
        /// Its entries.
        count: usize,
    },
    /// An entry longer than anything it could select.
    #[error("`select.{list}` has an entry of {bytes} bytes, {TEXT_BYTES_MAX} are the most")]
    Text {
        /// Which list.
        list: String,
        /// Its bytes.
        bytes: usize,
    },
    /// A bundle that nobody pushed.
    #[error("its bundle is not here: push it first, with `plimsoll rules push FILE`")]
    Bundle,
    /// A parameter that its rule does not have.
    #[error("it has no parameter `{name}`: it has {known}")]
    Parameter {
        /// The name given.
        name: String,
        /// Those there are.
        known: String,
    },
    /// A parameter outside its range.
    #[error(transparent)]
    Range(#[from] ManifestError),
}
