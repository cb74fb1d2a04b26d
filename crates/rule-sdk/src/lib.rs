#![doc = include_str!("../README.md")]
#![cfg_attr(target_arch = "wasm32", no_std)]

#[cfg(target_arch = "wasm32")]
mod bump;
pub mod facts;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;
mod rule;
#[cfg(test)]
mod tests;
pub mod verdict;

#[doc(hidden)]
pub use plimsoll_rule_abi as abi;

/// All that a rule needs.
pub mod prelude {
    pub use crate::facts::{Kind, Nature};
    pub use crate::rule;
    pub use crate::verdict::Verdict::{self, Accept, Clamp, Flag, Park, Reject};
}
