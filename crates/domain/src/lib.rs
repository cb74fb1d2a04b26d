#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod event;
pub mod fold;
pub mod lane;
pub mod outcome;
pub mod stock;
pub mod verdict;

pub use event::{Event, EventKey, Kind, Nature};
pub use fold::{After, Answered, Folded, Line, OnUnknownSku, Policy, Question, fold, fold_asking};
pub use outcome::{Hold, Outcome, Refusal, Seen};
pub use stock::{Limits, Slot, Stock, UnknownSku};
pub use verdict::{Code, Combined, Decision, Said, Verdict, combine};
