//! JSON as the contract takes it: a leading plus sign on a number is fine, deep nesting is not.

use serde_json::Value;

use super::{Malformed, malformed};

const NESTING_MAX: usize = 16;

/// The value of exactly one JSON text.
pub(super) fn parse(text: &[u8]) -> Result<Value, Malformed> {
    let text = plain(text)?;
    serde_json::from_slice(&text).or_else(|error| malformed(format_args!("not JSON: {error}")))
}

/// The same text without plus signs before numbers. Strings are left alone.
fn plain(text: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut plain = Vec::with_capacity(text.len());
    let mut nesting = 0_usize;
    let mut before = b':';
    let mut bytes = text.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                plain.push(byte);
                copy_string(&mut bytes, &mut plain);
            }
            b'+' if starts_number(before) && bytes.peek().is_some_and(u8::is_ascii_digit) => {}
            _ => plain.push(byte),
        }
        match byte {
            b'{' | b'[' => nesting += 1,
            b'}' | b']' => nesting = nesting.saturating_sub(1),
            _ => {}
        }
        if nesting > NESTING_MAX {
            return malformed("nested too deep");
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    Ok(plain)
}

/// A value may begin after one of these; the plus of an exponent comes after an `e`.
fn starts_number(before: u8) -> bool {
    matches!(before, b':' | b',' | b'[')
}

/// Copies up to and with the closing quote, minding escapes.
fn copy_string(bytes: &mut impl Iterator<Item = u8>, plain: &mut Vec<u8>) {
    while let Some(byte) = bytes.next() {
        plain.push(byte);
        match byte {
            b'\\' => plain.extend(bytes.next()),
            b'"' => return,
            _ => {}
        }
    }
}
