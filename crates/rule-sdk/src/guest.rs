//! What a compiled rule exports, as functions that the macro calls.
#![expect(unsafe_code, reason = "the interface passes raw memory")]

extern crate alloc;

use alloc::alloc::{Layout, alloc};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use plimsoll_rule_abi::Reader;
use plimsoll_rule_abi::verdict::WIDTH;

use crate::bump;
use crate::verdict::Verdict;

/// The last call ended; what it allocated is read by now.
static ENDED: AtomicBool = AtomicBool::new(false);

/// Asks `decide` about every row; the answer is where the list is, and its length.
pub fn evaluate(
    rows: usize,
    columns: &[i64],
    text: &[u8],
    decide: impl Fn(&Reader<'_>, usize) -> Verdict,
) -> *const [usize; 2] {
    let reader = Reader::new(rows, columns, text);
    let mut verdicts = Vec::with_capacity(rows * WIDTH);
    for row in 0..rows {
        verdicts.extend_from_slice(&decide(&reader, row).encode());
    }
    ENDED.store(true, Relaxed);
    let list = verdicts.leak();
    Box::leak(Box::new([list.as_ptr() as usize, list.len()]))
}

/// Memory for the host to write an argument to. The host never makes one longer.
pub fn realloc(_: *mut u8, old_len: usize, align: usize, len: usize) -> *mut u8 {
    assert!(old_len == 0, "the host knows the length of its lists");
    if ENDED.swap(false, Relaxed) {
        bump::reset();
    }
    if len == 0 {
        return align as *mut u8;
    }
    let Ok(layout) = Layout::from_size_align(len, align) else {
        panic!("the host asks for what can be");
    };
    let memory = unsafe { alloc(layout) };
    assert!(!memory.is_null(), "no memory left");
    memory
}

/// The bytes of a text, to be put into a section.
pub const fn bytes<const N: usize>(text: &str) -> [u8; N] {
    let mut bytes = [0; N];
    let mut at = 0;
    while at < N {
        bytes[at] = text.as_bytes()[at];
        at += 1;
    }
    bytes
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
