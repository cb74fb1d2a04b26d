//! What a rule's code says about itself: a section of its module that the bundle's manifest
//! is made from, so that code and manifest cannot disagree. Knows neither budgets nor owners.
//!
//! One line each: `abi N`, `read FACT`, `parameter NAME DEFAULT MIN MAX TEXT`, `code NAME TEXT`.

/// The name of the module's section.
pub const SECTION: &str = "plimsoll-rule";

/// One line of the section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// The packing that the rule was built for.
    Abi(u32),
    /// A column it reads; the order counts.
    Read(&'a str),
    /// A parameter; the order counts.
    Parameter {
        /// Its name.
        name: &'a str,
        /// Its value unless a binding sets another.
        default: i64,
        /// Smallest value.
        min: i64,
        /// Largest value.
        max: i64,
        /// What it means, with its unit.
        text: &'a str,
    },
    /// A code; the order counts.
    Code {
        /// Its name, stable.
        name: &'a str,
        /// What people read.
        text: &'a str,
    },
}

/// The lines of a section, each as far as it can be read; the error is the line.
pub fn lines(section: &str) -> impl Iterator<Item = Result<Line<'_>, &str>> {
    section
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| parse(line).ok_or(line))
}

fn parse(line: &str) -> Option<Line<'_>> {
    let (word, rest) = line.split_once(' ')?;
    match word {
        "abi" => rest.parse().ok().map(Line::Abi),
        "read" => Some(Line::Read(rest)),
        "parameter" => parameter(rest),
        "code" => {
            let (name, text) = rest.split_once(' ')?;
            Some(Line::Code { name, text })
        }
        _ => None,
    }
}

fn parameter(rest: &str) -> Option<Line<'_>> {
    let mut parts = rest.splitn(5, ' ');
    Some(Line::Parameter {
        name: parts.next()?,
        default: number(parts.next()?)?,
        min: number(parts.next()?)?,
        max: number(parts.next()?)?,
        text: parts.next()?,
    })
}

/// A number as Rust source writes it.
fn number(literal: &str) -> Option<i64> {
    let digits: alloc::string::String = literal.chars().filter(|c| *c != '_').collect();
    digits.strip_suffix("i64").unwrap_or(&digits).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn a_section_is_read_line_by_line() {
        let section = "abi 1\nread stock\nparameter limit -1_000 -10_000 0i64 units, at most\ncode too_low Too low.\n\n";
        let read: Vec<_> = lines(section).collect();
        assert_eq!(
            read,
            [
                Ok(Line::Abi(1)),
                Ok(Line::Read("stock")),
                Ok(Line::Parameter {
                    name: "limit",
                    default: -1000,
                    min: -10000,
                    max: 0,
                    text: "units, at most"
                }),
                Ok(Line::Code {
                    name: "too_low",
                    text: "Too low."
                }),
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for line in ["abi one", "parameter x 1 2", "code x", "wish list"] {
            assert_eq!(lines(line).next(), Some(Err(line)));
        }
    }
}
