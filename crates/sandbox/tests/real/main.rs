//! The sandbox against the real programs it starts.

mod in_process;
mod kafka;
mod life;
mod postgres;
