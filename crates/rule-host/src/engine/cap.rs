//! The memory cap of one call. Remembers that it was reached, so that the trap that follows
//! is told apart from the rule's own.

use wasmtime::{ResourceLimiter, Result, bail};

/// The limiter of a store.
#[derive(Debug)]
pub(crate) struct Cap {
    memory_bytes_max: usize,
    /// The guest asked for more than it may have.
    pub(crate) reached: bool,
}

impl Cap {
    pub(crate) fn new(memory_bytes_max: usize) -> Cap {
        Cap {
            memory_bytes_max,
            reached: false,
        }
    }
}

impl ResourceLimiter for Cap {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> Result<bool> {
        if desired <= self.memory_bytes_max {
            return Ok(true);
        }
        // An error traps; `Ok(false)` would let the guest go on with a failed allocation.
        self.reached = true;
        bail!("asked for {desired} bytes of memory")
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> Result<()> {
        self.reached = true;
        Err(error)
    }

    fn table_growing(&mut self, _: usize, desired: usize, max: Option<usize>) -> Result<bool> {
        if max.is_none_or(|max| desired <= max) && desired <= super::TABLE_ENTRIES_MAX {
            return Ok(true);
        }
        self.reached = true;
        bail!("asked for {desired} entries of a table")
    }
}
