#![doc = include_str!("../README.md")]

mod input;

pub mod answers;
pub mod bundle;
pub mod config;
pub mod headers;
pub mod record;

/// Checks one input, and panics if a promise is broken.
pub type Check = fn(&[u8]);

/// What is fuzzed: its name, which is also that of its folder in `kept`, and what is checked.
pub const TARGETS: [(&str, Check); 5] = [
    ("record", record::check),
    ("headers", headers::check),
    ("bundle", bundle::check),
    ("answers", answers::check),
    ("config", config::check),
];

/// The check of this name.
pub fn target(name: &str) -> Option<Check> {
    let (_, check) = TARGETS.iter().find(|(known, _)| *known == name)?;
    Some(*check)
}
