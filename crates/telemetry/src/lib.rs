#![doc = include_str!("../README.md")]

pub mod logs;
pub mod metrics;
pub mod traces;

pub use metrics::Metrics;
pub use metrics::partitions::{Edges, Halted, Partitions, Position};
pub use traces::Traces;
