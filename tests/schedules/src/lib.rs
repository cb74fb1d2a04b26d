#![doc = include_str!("../README.md")]

// The real files name these crates, and find the models in their place.
extern crate self as parking_lot;
extern crate self as tokio;

mod blocking;
pub mod sync;

pub use blocking::{Condvar, Mutex};

mod adapters;
#[expect(dead_code, reason = "scenarios use a part of what is copied")]
pub mod copies;
mod variants;

pub use copies::real::locks;
pub use variants::{Event, Known, Queue, Set, Table, Told};

pub mod attempts;
pub mod hand_over;
pub mod identities;
pub mod sku_sets;

mod run;
mod tasks;

pub use run::{SCHEDULES, bounded_preemption, every_order, random};
