//! Takes an input of the fuzzer apart. What is missing at its end is 0: every input means
//! something.

/// What is left of an input.
pub(crate) struct Input<'a>(pub(crate) &'a [u8]);

impl<'a> Input<'a> {
    /// At most so many bytes.
    pub(crate) fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or_default()
    }

    /// A number in eight bytes, the lowest first.
    pub(crate) fn number(&mut self) -> i64 {
        let mut eight = [0; 8];
        let taken = self.bytes(8);
        eight[..taken.len()].copy_from_slice(taken);
        i64::from_le_bytes(eight)
    }

    /// Headers by name and value: a byte for how many, then for each a byte for its name, and one
    /// for the length of its value; the highest length stands for no value.
    pub(crate) fn headers(&mut self) -> Vec<(&'static str, Option<&'a [u8]>)> {
        const NAMES: [&str; 5] = ["ce_source", "ce_id", "event-id", "traceparent", "other"];
        let count = self.byte();
        let header = |_| {
            let name = NAMES[usize::from(self.byte()) % NAMES.len()];
            let length = self.byte();
            (name, (length < u8::MAX).then(|| self.bytes(length.into())))
        };
        (0..count).map(header).collect()
    }
}
