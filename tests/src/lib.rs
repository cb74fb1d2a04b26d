//! The whole system against real servers: what judges it, what it is compared with, and what drives it.

pub mod bench;
pub mod checker;
pub mod ours;
pub mod races;
pub mod servers;
