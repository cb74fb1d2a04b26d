//! The careless consumer over memory: read, add, write, and nobody else may come between. The
//! compiler would refuse to share such a map; `unsafe` says that we know better, and are wrong
//! unless whoever calls holds the lock of the SKU.
#![expect(unsafe_code, reason = "a race is what this is about")]

use std::cell::UnsafeCell;
use std::collections::HashMap;

use crate::locks::Sku;

/// Stock by SKU. No SKU comes or goes while it is shared.
pub(crate) struct SharedMap(HashMap<Sku, UnsafeCell<i64>>);

// SAFETY: there is none. Every access to one SKU's stock has to be ordered by its lock.
unsafe impl Sync for SharedMap {}

impl SharedMap {
    /// No units of anything.
    pub(crate) fn new(skus: &[Sku]) -> SharedMap {
        let empty = |sku: &Sku| (Sku::clone(sku), UnsafeCell::new(0));
        SharedMap(skus.iter().map(empty).collect())
    }

    /// Adds units to a product that is there.
    pub(crate) fn add(&self, sku: &Sku, units: i64) {
        let stock = self.0[sku].get();
        // SAFETY: `stock` is a place in the map, and the caller sees to it that it is ours alone.
        unsafe {
            let read = *stock;
            *stock = read + units;
        }
    }
}
