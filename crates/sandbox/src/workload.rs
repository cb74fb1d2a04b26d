//! Inventory traffic, good and bad, from a seed.
//!
//! The same shape and seed give the same bytes: no clock, and a generator whose algorithm is fixed
//! by name. It follows the published contract and shares no code with the reader of events, so
//! that a mistake there cannot hide here.

mod event;
mod log;
mod poison;
mod popularity;
mod sender;
mod traffic;

pub use event::{BULK, Event, Ids, Kind, Produced, Shape, channel, sku_name};
pub use log::{Entry, Log, Tally};
pub use poison::Poison;
pub use sender::{Delivered, Sender, produce};
pub use traffic::Traffic;
