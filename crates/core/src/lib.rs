#![doc = include_str!("../README.md")]

mod run;
mod settings;
mod watch;

mod coordinator;
mod inbox;
pub mod kafka;
mod progress;

mod batch;
mod filter;
mod followed;
mod knowledge;
mod lane;
pub mod locks;

mod clock;
mod complaint;
pub mod database;
mod keeper;
pub mod limit;
pub mod release;
pub mod rules;
mod store;
mod tally;

pub use run::{Error, run};
pub use settings::Settings;
pub use watch::{CHAIN, Readiness, Reproof, Stuck, Watch};
