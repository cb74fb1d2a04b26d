//! From columns to the fields of a rule's facts. Which fields there are is the rule's own.

use plimsoll_rule_abi::Reader;
use plimsoll_rule_abi::fact::{KIND_COUNT, NATURE_FACT};

/// What an event asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// A change by some units.
    #[default]
    Adjust,
    /// A physical count: stock becomes what was counted.
    Count,
}

/// May an event still be refused?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nature {
    /// A wish, such as an order.
    #[default]
    Intent,
    /// Something that already happened.
    Fact,
}

/// A type that a fact can have.
#[doc(hidden)]
pub trait Field<'a> {
    /// Reads it from the column that starts `before` widths after the first.
    fn read(reader: &Reader<'a>, before: usize, row: usize) -> Self;
}

/// The next parameter; there always is one, or the host broke its promise.
#[doc(hidden)]
pub fn parameter(values: &mut impl Iterator<Item = i64>) -> i64 {
    match values.next() {
        Some(value) => value,
        None => panic!("the host sends every parameter"),
    }
}

impl Field<'_> for i64 {
    #[inline]
    fn read(reader: &Reader<'_>, before: usize, row: usize) -> i64 {
        reader.number(before, row)
    }
}

impl Field<'_> for Kind {
    #[inline]
    fn read(reader: &Reader<'_>, before: usize, row: usize) -> Kind {
        match reader.number(before, row) {
            KIND_COUNT => Kind::Count,
            _ => Kind::Adjust,
        }
    }
}

impl Field<'_> for Nature {
    #[inline]
    fn read(reader: &Reader<'_>, before: usize, row: usize) -> Nature {
        match reader.number(before, row) {
            NATURE_FACT => Nature::Fact,
            _ => Nature::Intent,
        }
    }
}

impl<'a> Field<'a> for &'a str {
    #[inline]
    fn read(reader: &Reader<'a>, before: usize, row: usize) -> &'a str {
        reader.text(before, row).unwrap_or_default()
    }
}

impl<'a> Field<'a> for Option<&'a str> {
    #[inline]
    fn read(reader: &Reader<'a>, before: usize, row: usize) -> Option<&'a str> {
        reader.text(before, row)
    }
}

impl Field<'_> for Option<i64> {
    #[inline]
    fn read(reader: &Reader<'_>, before: usize, row: usize) -> Option<i64> {
        reader.integer(before, row)
    }
}

impl Field<'_> for Option<bool> {
    #[inline]
    fn read(reader: &Reader<'_>, before: usize, row: usize) -> Option<bool> {
        reader.boolean(before, row)
    }
}
