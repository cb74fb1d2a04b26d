#![doc = include_str!("../README.md")]
#![no_std]

extern crate alloc;

pub mod columns;
pub mod declaration;
pub mod fact;
pub mod verdict;

pub use columns::{Reader, Writer};
pub use fact::{Fact, Shape};
pub use verdict::{Invalid, Verdict};

/// The version of the packing. A host that knows a later one still takes this.
pub const ABI: u32 = 1;

/// The interface, as WebAssembly tools read it.
pub const WIT: &str = include_str!("../wit/rule.wit");

/// The world that a rule implements.
pub const WORLD: &str = "rule-v1";

/// The one export of a rule.
pub const INTERFACE: &str = "plimsoll:rules/rule@1.0.0";

/// The one function of that export.
pub const FUNCTION: &str = "evaluate";
