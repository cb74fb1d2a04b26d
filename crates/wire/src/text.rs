//! The value as a whole: its size, its encoding, its depth, and the plus signs that JSON does not
//! know. Knows no field.

use crate::Malformed;

/// The largest value that is read, in bytes. A longer one is refused unread.
pub const VALUE_BYTES_MAX: usize = 1 << 20;

/// How many objects and lists may be inside each other, the outermost included, in ignored
/// fields, too.
pub const LEVELS_MAX: usize = 16;

/// Refuses a value that has nothing in it, or too much.
pub(crate) fn check_size(payload: &[u8]) -> Result<(), Malformed> {
    match payload.len() {
        0 => Err(Malformed::EmptyValue),
        1..=VALUE_BYTES_MAX => Ok(()),
        bytes => Err(Malformed::ValueTooLarge {
            bytes,
            limit: VALUE_BYTES_MAX,
        }),
    }
}

/// The value as text.
pub(crate) fn utf8(payload: &[u8]) -> Result<&str, Malformed> {
    str::from_utf8(payload).map_err(|error| Malformed::not_utf8("the value", error))
}

/// Refuses what nests too deep. The depth is at most the number of opening brackets, and those
/// are counted in no time; only a value with many of them is looked at closely.
pub(crate) fn check_depth(text: &str) -> Result<(), Malformed> {
    if opening_brackets(text) > LEVELS_MAX && deepest(text) > LEVELS_MAX {
        return Err(Malformed::TooDeep { limit: LEVELS_MAX });
    }
    Ok(())
}

/// Counted in small pieces, each in one byte, so that the compiler can use wide registers.
fn opening_brackets(text: &str) -> usize {
    /// The one bit in which `{` and `[` differ.
    const LOWER_CASE: u8 = 0x20;
    let is_one = |byte: &u8| u8::from(byte | LOWER_CASE == b'{');
    let pieces = text.as_bytes().chunks(usize::from(u8::MAX));
    pieces
        .map(|piece| usize::from(piece.iter().map(is_one).fold(0, u8::wrapping_add)))
        .sum()
}

fn deepest(text: &str) -> usize {
    let (mut level, mut deepest) = (0_usize, 0);
    outside_strings(text, |_, byte| {
        match byte {
            b'{' | b'[' => level += 1,
            b'}' | b']' => level = level.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(level);
    });
    deepest
}

/// The text with each plus sign that leads a number turned into a space, so that every other byte
/// stays where it is; `None` if there is no such sign. `++5`, `+-5` and `+ 5` stay as they are. In
/// valid JSON there is none: outside strings it has plus signs in exponents only.
pub(crate) fn without_plus_signs(text: &str) -> Option<String> {
    let (bytes, first) = (text.as_bytes(), text.find('+')?);
    if !(first..bytes.len()).any(|at| leads_a_number(bytes, at)) {
        return None;
    }
    let mut repaired = bytes.to_vec();
    outside_strings(text, |at, _| {
        if leads_a_number(bytes, at) {
            repaired[at] = b' ';
        }
    });
    let repaired = String::from_utf8(repaired).expect("an ASCII character for another");
    (repaired != text).then_some(repaired)
}

/// Whether a plus sign stands here, where a value may begin, right before a digit.
fn leads_a_number(bytes: &[u8], at: usize) -> bool {
    let value_may_begin = || {
        let before = bytes[..at].trim_ascii_end().last();
        matches!(before, None | Some(b':' | b',' | b'['))
    };
    bytes[at] == b'+' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) && value_may_begin()
}

/// Shows each byte that is not inside a string, with its place. Opening quotes count as outside.
fn outside_strings(text: &str, mut show: impl FnMut(usize, u8)) {
    let mut bytes = text.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        show(at, byte);
        if byte == b'"' {
            skip_string(&mut bytes);
        }
    }
}

fn skip_string(bytes: &mut impl Iterator<Item = (usize, u8)>) {
    while let Some((_, byte)) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => break,
            _ => {}
        }
    }
}
