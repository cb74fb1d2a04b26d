#![doc = include_str!("../README.md")]

pub mod logs;
pub mod metrics;
pub mod traces;

pub use metrics::Metrics;
pub use metrics::partitions::{Edges, Halted, Partitions, Place};
pub use traces::Traces;
