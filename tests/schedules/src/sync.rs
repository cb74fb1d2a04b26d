//! The parts of `tokio::sync` that the real files use. `tests/models.rs` holds them against tokio's.

mod notify;
pub mod oneshot;

pub use notify::Notify;
