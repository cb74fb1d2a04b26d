#![doc = include_str!("../README.md")]

mod world;

mod chaos;
mod group;

mod process;

mod claiming;
mod coordinator;
mod lane;
mod locks;
mod poller;

#[expect(
    dead_code,
    reason = "how many identities a filter is made for is asked by nobody here"
)]
mod real {
    include!(concat!(env!("OUT_DIR"), "/real.rs"));
}

mod attempt;
mod batch;
mod lookup;
mod release;
mod store;
mod work;
mod write;

mod begin;
mod broker;
mod chance;
mod database;
mod outside;
mod rows;
mod rules;
mod traffic;

mod checks;
mod final_checks;
mod journal;
mod oracle;

mod plan;
mod seen;
mod shrink;

pub use outside::Broken;
pub use plan::{Bug, Feature, Plan};
pub use seen::{Seen, Sight};
pub use shrink::shrink;
pub use world::{Run, run};
