//! Real servers to play with: a private PostgreSQL, Apache Kafka or librdkafka's in-process broker,
//! and traffic to send through them. For the demo, tests and benches.
//!
//! It does not know Plimsoll's tables, nor how Plimsoll reads an event: what it sends follows the
//! published contract alone, so that it can serve as the other side of a check.
//!
//! Whatever is started here ends with its owner: when it is dropped, when a test panics, when the
//! process exits without dropping it, and when the process is killed.

pub mod tools;

pub mod disk;
pub mod jaeger;
pub mod kafka;
pub mod postgres;
pub mod prometheus;

pub mod broker;
pub mod link;
pub mod topics;
pub mod wire;
pub mod workload;

pub mod ports;

mod account;
mod cpu;
mod house;
mod wait;
