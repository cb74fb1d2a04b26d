//! What an inbox holds, with the fields of the real one and without the headers of a record.

use std::ops::Range;

/// Records in the order they arrived, their values in one buffer.
#[derive(Default)]
pub(crate) struct Chunk {
    pub(crate) bytes: Vec<u8>,
    pub(crate) records: Vec<Record>,
}

/// One record as it arrived.
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) generation: u32,
    pub(crate) offset: i64,
    pub(crate) value: Option<Range<usize>>,
}
