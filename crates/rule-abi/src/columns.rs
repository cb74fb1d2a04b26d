//! Facts as columns of numbers and one heap of text: the host writes, the guest reads.
//! Knows no facts, only shapes.

use alloc::vec::Vec;

use crate::Shape;

const ABSENT: i64 = -1;

/// Writes columns, each as a whole, in the order of `reads`.
#[derive(Debug, Default)]
pub struct Writer {
    columns: Vec<i64>,
    text: Vec<u8>,
}

/// A text that did not fit: the heap of one call holds at most 2 GiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextTooLong;

impl Writer {
    /// Room for this many numbers and bytes of text, to write without growing.
    pub fn with_capacity(numbers: usize, text_bytes: usize) -> Writer {
        Writer {
            columns: Vec::with_capacity(numbers),
            text: Vec::with_capacity(text_bytes),
        }
    }

    /// A column of numbers, or one half of a column of optional numbers.
    pub fn numbers(&mut self, values: impl Iterator<Item = i64>) {
        self.columns.extend(values);
    }

    /// A column of texts. An equal text that directly follows is stored once.
    ///
    /// # Errors
    /// If the heap would pass 2 GiB.
    pub fn texts<'t>(
        &mut self,
        values: impl Iterator<Item = Option<&'t str>>,
    ) -> Result<(), TextTooLong> {
        let mut last: (&str, i64) = ("", 0);
        for value in values {
            let packed = match value {
                None => ABSENT,
                Some(same) if same == last.0 => last.1,
                Some(value) => {
                    last = (value, self.keep(value)?);
                    last.1
                }
            };
            self.columns.push(packed);
        }
        Ok(())
    }

    /// A column of optional numbers: presence first, then values.
    pub fn integers(&mut self, values: impl Iterator<Item = Option<i64>> + Clone) {
        self.numbers(values.clone().map(|value| i64::from(value.is_some())));
        self.numbers(values.map(Option::unwrap_or_default));
    }

    /// A column of optional booleans.
    pub fn booleans(&mut self, values: impl Iterator<Item = Option<bool>>) {
        self.numbers(values.map(|value| value.map_or(ABSENT, i64::from)));
    }

    /// The arguments `columns` and `text`.
    pub fn finish(self) -> (Vec<i64>, Vec<u8>) {
        (self.columns, self.text)
    }

    fn keep(&mut self, value: &str) -> Result<i64, TextTooLong> {
        let offset = i32::try_from(self.text.len()).map_err(|_| TextTooLong)?;
        let length = i32::try_from(value.len()).map_err(|_| TextTooLong)?;
        self.text.extend_from_slice(value.as_bytes());
        Ok(i64::from(offset) << 32 | i64::from(length))
    }
}

/// Reads what a [`Writer`] wrote. A batch that is not well formed panics, which in a guest
/// is a trap: the host alone makes batches.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rows: usize,
    columns: &'a [i64],
    text: &'a str,
}

impl<'a> Reader<'a> {
    /// A batch of `rows` events.
    ///
    /// # Panics
    /// If `text` is not UTF-8.
    #[inline]
    pub fn new(rows: usize, columns: &'a [i64], text: &'a [u8]) -> Reader<'a> {
        let text = core::str::from_utf8(text).unwrap_or_else(|_| malformed());
        Reader {
            rows,
            columns,
            text,
        }
    }

    /// Events of the batch.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The number of a row in the column that starts `before` widths after the first.
    #[inline]
    pub fn number(&self, before: usize, row: usize) -> i64 {
        let at = before * self.rows + row;
        self.columns.get(at).copied().unwrap_or_else(malformed)
    }

    /// The text of a row, likewise.
    #[inline]
    pub fn text(&self, before: usize, row: usize) -> Option<&'a str> {
        let packed = self.number(before, row);
        if packed == ABSENT {
            return None;
        }
        let part = |bits: i64| usize::try_from(bits & 0xffff_ffff).unwrap_or_else(|_| malformed());
        let (offset, length) = (part(packed >> 32), part(packed));
        Some(
            self.text
                .get(offset..offset + length)
                .unwrap_or_else(malformed),
        )
    }

    /// The optional number of a row, likewise.
    #[inline]
    pub fn integer(&self, before: usize, row: usize) -> Option<i64> {
        (self.number(before, row) == 1).then(|| self.number(before + 1, row))
    }

    /// The optional boolean of a row, likewise.
    #[inline]
    pub fn boolean(&self, before: usize, row: usize) -> Option<bool> {
        match self.number(before, row) {
            ABSENT => None,
            value => Some(value == 1),
        }
    }
}

/// Stops a guest. The usual ways to panic format a message that nobody would ever see, which
/// triples the size of a small rule.
#[cold]
fn malformed<T>() -> T {
    panic!("the batch is malformed")
}

/// Widths of the columns before column `index`.
pub const fn before(shapes: &[Shape], index: usize) -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < index {
        sum += shapes[at].width();
        at += 1;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let mut writer = Writer::default();
        let integers = [None, Some(i64::MIN), Some(-1)];
        let texts = [Some("wéb"), None, Some("")];
        let booleans = [Some(true), None, Some(false)];
        writer.integers(integers.into_iter());
        writer.texts(texts.into_iter()).expect("short");
        writer.numbers([3, 2, 1].into_iter());
        writer.booleans(booleans.into_iter());
        let (columns, text) = writer.finish();
        let shapes = [Shape::Integer, Shape::Text, Shape::Number, Shape::Boolean];

        let reader = Reader::new(3, &columns, &text);
        for row in 0..3 {
            assert_eq!(reader.integer(before(&shapes, 0), row), integers[row]);
            assert_eq!(reader.text(before(&shapes, 1), row), texts[row]);
            assert_eq!(reader.number(before(&shapes, 2), row), [3, 2, 1][row]);
            assert_eq!(reader.boolean(before(&shapes, 3), row), booleans[row]);
        }
        assert_eq!(columns.len(), 3 * before(&shapes, 4));
    }

    #[test]
    fn equal_neighbours_share_their_text() {
        let mut writer = Writer::default();
        writer
            .texts([Some("web"), Some("web"), None, Some("web"), Some("shop")].into_iter())
            .expect("short");
        assert_eq!(writer.finish().1, b"webshop");
    }
}
