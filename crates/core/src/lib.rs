#![doc = include_str!("../README.md")]

mod settings;
mod run;
mod watch;

pub mod kafka;
mod coordinator;
mod inbox;
mod progress;

mod lane;
mod batch;
pub mod locks;
mod knowledge;
mod filter;

pub mod database;
mod store;
mod keeper;
pub mod release;
mod tally;
mod clock;

pub use run::{Error, run};
pub use settings::Settings;
pub use watch::{Readiness, Watch};
