//! The allocator of a guest: it only goes forward, and starts over at the next call. A call
//! lives a fraction of a millisecond in an instance of its own, so nothing need be freed.
#![expect(unsafe_code, reason = "an allocator hands out raw memory")]

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};

const PAGE_BYTES: usize = 65_536;

unsafe extern "C" {
    /// Where the linker ends what the module itself needs.
    static __heap_base: u8;
}

/// First free byte; 0 stands for the heap's base.
static NEXT: AtomicUsize = AtomicUsize::new(0);

struct Bump;

#[global_allocator]
static BUMP: Bump = Bump;

/// Gives everything back.
pub(crate) fn reset() {
    NEXT.store(0, Relaxed);
}

// A guest has one thread.
unsafe impl GlobalAlloc for Bump {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let next = match NEXT.load(Relaxed) {
            0 => &raw const __heap_base as usize,
            next => next,
        };
        let start = next.next_multiple_of(layout.align());
        let Some(end) = start.checked_add(layout.size()) else {
            return null_mut();
        };
        if !reach(end) {
            return null_mut();
        }
        NEXT.store(end, Relaxed);
        start as *mut u8
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}

/// Whether memory goes up to `end`, after growing it if need be.
fn reach(end: usize) -> bool {
    let missing = end.div_ceil(PAGE_BYTES).saturating_sub(memory_size(0));
    missing == 0 || memory_grow(0, missing) != usize::MAX
}
