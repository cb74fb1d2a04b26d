//! The service and the servers it lives on, under what takes minutes or more than one server of a
//! kind: `cargo xtask soak`. Traffic is under way, the fault comes, then the checker judges and
//! `plimsoll verify` must agree; a long ledger needs no fault.
//!
//! Not part of `cargo test`, and one scenario after the other: some hold three brokers at a time.

mod brokers;
mod disk;
mod failover;
mod load;
mod old;
mod scene;
mod secured;
mod storm;
mod versions;
