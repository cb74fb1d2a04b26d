//! One value of a field, as it stands in the text: valid JSON, of any type. Turns it into what
//! the field wants, strictly: nothing is converted.

use std::borrow::Cow;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Malformed;

/// The longest piece of a wrong value that a detail repeats, in bytes: a few words.
const EXCERPT_BYTES_MAX: usize = 64;

/// A value and the field it stands in.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) field: &'static str,
    pub(crate) raw: &'a str,
}

/// What a text must be like, in bytes.
#[derive(Clone, Copy)]
pub(crate) struct TextLimits {
    pub(crate) bytes_min: usize,
    pub(crate) bytes_max: usize,
}

impl<'a> Value<'a> {
    /// A text within its limits, without U+0000; borrowed unless it holds escapes.
    pub(crate) fn text(self, limits: TextLimits) -> Result<Cow<'a, str>, Malformed> {
        let text = self.any_text()?;
        check_text(self.field, &text, limits)?;
        Ok(text)
    }

    /// A text of any length.
    pub(crate) fn any_text(self) -> Result<Cow<'a, str>, Malformed> {
        let quoted = self
            .raw
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        let Some(inner) = quoted else {
            return Err(self.wrong("text"));
        };
        if !inner.as_bytes().contains(&b'\\') {
            return Ok(Cow::Borrowed(inner));
        }
        match serde_json::from_str(self.raw) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(_) => Err(Malformed::LoneSurrogate { field: self.field }),
        }
    }

    /// An integer that was written as one.
    pub(crate) fn integer(self) -> Result<i64, Malformed> {
        self.raw.parse().map_err(|_| match self.type_name() {
            "a number"
                if self
                    .raw
                    .bytes()
                    .any(|byte| matches!(byte, b'.' | b'e' | b'E')) =>
            {
                Malformed::NotAnInteger {
                    field: self.field,
                    found: self.excerpt(),
                }
            }
            "a number" => Malformed::OutOfRange {
                field: self.field,
                found: self.excerpt(),
            },
            _ => self.wrong("an integer"),
        })
    }

    /// An integer that is 0 or more.
    pub(crate) fn natural(self) -> Result<i64, Malformed> {
        match self.integer()? {
            found if found < 0 => Err(Malformed::Negative {
                field: self.field,
                found,
            }),
            natural => Ok(natural),
        }
    }

    /// A time by RFC 3339, in milliseconds since 1970, rounded down.
    pub(crate) fn time_ms(self) -> Result<i64, Malformed> {
        let time =
            OffsetDateTime::parse(&self.any_text()?, &Rfc3339).map_err(|_| Malformed::BadTime {
                field: self.field,
                found: self.excerpt(),
            })?;
        Ok(time.unix_timestamp() * 1000 + i64::from(time.millisecond()))
    }

    pub(crate) fn wrong(self, wanted: &'static str) -> Malformed {
        Malformed::WrongType {
            field: self.field,
            wanted,
            found: self.type_name(),
        }
    }

    pub(crate) fn type_name(self) -> &'static str {
        match self.raw.as_bytes().first() {
            Some(b'"') => "text",
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ => "a number",
        }
    }

    /// The beginning of the value, for a person.
    pub(crate) fn excerpt(self) -> String {
        let end = self.raw.floor_char_boundary(EXCERPT_BYTES_MAX);
        let dots = if end < self.raw.len() { "…" } else { "" };
        format!("{}{dots}", &self.raw[..end])
    }
}

/// Refuses a text outside its limits, or one that no column can hold.
pub(crate) fn check_text(
    field: &'static str,
    text: &str,
    limits: TextLimits,
) -> Result<(), Malformed> {
    let bytes = text.len();
    if bytes < limits.bytes_min {
        return Err(Malformed::EmptyText { field });
    }
    if bytes > limits.bytes_max {
        return Err(Malformed::TextTooLong { field, limit: limits.bytes_max });
    }
    if text.as_bytes().contains(&0) {
        return Err(Malformed::NulCharacter { field });
    }
    Ok(())
}
