#![doc = include_str!("../README.md")]

pub mod activate;
pub mod author;
pub mod bundle;
pub mod engine;
pub mod facts;
pub mod fault;
mod inspect;
pub mod keys;
pub mod rule;
pub mod ruleset;

pub use activate::activate;
pub use bundle::{Bundle, Digest};
pub use engine::{Engine, Limits};
pub use facts::{Attribute, Facts};
pub use fault::{Fault, FaultKind};
pub use plimsoll_rule_abi::Verdict;
pub use rule::{Evaluation, Rule, Unavailable};
pub use ruleset::{Document, Judge, Report, Ruleset};
