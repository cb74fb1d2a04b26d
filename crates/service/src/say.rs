//! What people and scripts read: lines, aligned tables and JSON on standard output, notes on
//! standard error. A reader that went away (`| head`) is no failure and changes no verdict.

use std::fmt::Display;
use std::io::{Write, stderr, stdout};

use serde::Serialize;

/// A line on standard output.
pub(crate) fn line(text: impl Display) {
    // Whoever closed the pipe has read enough; there is nobody to tell.
    writeln!(stdout().lock(), "{text}").ok();
}

/// A line on standard error: progress and explanations, never results.
pub(crate) fn note(text: impl Display) {
    writeln!(stderr().lock(), "{text}").ok();
}

/// One JSON document on standard output.
pub(crate) fn json(value: &impl Serialize) {
    line(
        serde_json::to_string_pretty(value)
            .expect("our documents have text keys and finite numbers"),
    );
}

/// A column of a table.
pub(crate) enum Column {
    /// For text.
    Left(&'static str),
    /// For numbers.
    Right(&'static str),
}

/// Rows under their headings, two spaces apart. Nothing at all without rows.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>]) {
    if rows.is_empty() {
        return;
    }
    let headings = columns
        .iter()
        .map(|column| column.heading().to_owned())
        .collect();
    let lines: Vec<&Vec<String>> = std::iter::once(&headings).chain(rows).collect();
    let width = |n: usize| {
        lines
            .iter()
            .map(|cells: &&Vec<String>| cells[n].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    for cells in lines {
        let padded = columns
            .iter()
            .zip(cells)
            .zip(&widths)
            .map(|((column, cell), width)| column.pad(cell, *width));
        line(padded.collect::<Vec<_>>().join("  ").trim_end());
    }
}

impl Column {
    fn heading(&self) -> &'static str {
        match self {
            Column::Left(heading) | Column::Right(heading) => heading,
        }
    }

    fn pad(&self, cell: &str, width: usize) -> String {
        match self {
            Column::Left(_) => format!("{cell:<width$}"),
            Column::Right(_) => format!("{cell:>width$}"),
        }
    }
}

/// A whole number with its thousands apart: `1,234,567`.
pub(crate) fn count(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| str::from_utf8(group).expect("digits are ASCII"))
        .collect();
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", groups.join(","))
}

/// `1 product`, `2 products`.
pub(crate) fn plural(number: impl Into<i128> + Copy, one: &str) -> String {
    let end = if number.into() == 1 { "" } else { "s" };
    format!("{} {one}{end}", count(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (-12_345_678, "-12,345,678"),
        ] {
            assert_eq!(count(number), text);
        }
        assert_eq!(
            (plural(1, "line").as_str(), plural(2, "line").as_str()),
            ("1 line", "2 lines")
        );
    }
}
