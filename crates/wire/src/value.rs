//! One value of a field, as it stands in the text: valid JSON, of any type. Turns it into what
//! the field wants, strictly: nothing is converted.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::Malformed;

/// How long a text may be, in bytes.
pub(crate) type Bytes = RangeInclusive<usize>;

/// The longest piece of a wrong value that a detail repeats, in bytes: enough to find it again.
const EXCERPT_BYTES_MAX: usize = 64;

/// A value and the name of what it stands in.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a> {
    pub(crate) field: &'static str,
    pub(crate) raw: &'a str,
}

/// What JSON knows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    Text,
    Number,
    Boolean,
    Object,
    List,
    Null,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Number => "a number",
            Type::Boolean => "a boolean",
            Type::Object => "an object",
            Type::List => "a list",
            Type::Null => "null",
        }
    }
}

impl<'a> Value<'a> {
    /// Its first byte tells.
    pub(crate) fn of_type(self) -> Type {
        match self.raw.as_bytes().first() {
            Some(b'"') => Type::Text,
            Some(b'{') => Type::Object,
            Some(b'[') => Type::List,
            Some(b't' | b'f') => Type::Boolean,
            Some(b'n') => Type::Null,
            _ => Type::Number,
        }
    }

    pub(crate) fn check_type(self, wanted: Type) -> Result<(), Malformed> {
        if self.of_type() == wanted {
            Ok(())
        } else {
            Err(self.wrong(wanted.name()))
        }
    }

    pub(crate) fn wrong(self, wanted: &'static str) -> Malformed {
        let found = self.of_type().name();
        Malformed::WrongType {
            field: self.field,
            wanted,
            found,
        }
    }

    /// A text of such a length, without U+0000; borrowed unless it holds escapes.
    pub(crate) fn text(self, bytes: Bytes) -> Result<Cow<'a, str>, Malformed> {
        let text = self.any_text()?;
        check_text(self.field, &text, bytes)?;
        Ok(text)
    }

    /// A text of any length.
    pub(crate) fn any_text(self) -> Result<Cow<'a, str>, Malformed> {
        self.check_type(Type::Text)?;
        let inner = &self.raw[1..self.raw.len() - 1];
        if !inner.as_bytes().contains(&b'\\') {
            return Ok(Cow::Borrowed(inner));
        }
        let text = serde_json::from_str(self.raw);
        text.map(Cow::Owned)
            .map_err(|_| Malformed::LoneSurrogate { field: self.field })
    }

    /// An integer that was written as one.
    pub(crate) fn integer(self) -> Result<i64, Malformed> {
        self.raw.parse().map_err(|_| self.no_integer())
    }

    #[cold]
    fn no_integer(self) -> Malformed {
        let (field, found) = (self.field, self.excerpt());
        match self.of_type() {
            Type::Number if self.raw.contains(['.', 'e', 'E']) => {
                Malformed::NotAnInteger { field, found }
            }
            Type::Number => Malformed::OutOfRange { field, found },
            _ => self.wrong("an integer"),
        }
    }

    /// An integer that is 0 or more.
    pub(crate) fn natural(self) -> Result<i64, Malformed> {
        match self.integer()? {
            found @ ..0 => Err(Malformed::Negative {
                field: self.field,
                found,
            }),
            natural => Ok(natural),
        }
    }

    /// A time by RFC 3339, in milliseconds since 1970, rounded down.
    pub(crate) fn time_ms(self) -> Result<i64, Malformed> {
        let (field, text) = (self.field, self.any_text()?);
        match OffsetDateTime::parse(&text, &Rfc3339) {
            Ok(time) => Ok(time.unix_timestamp() * 1000 + i64::from(time.millisecond())),
            Err(_) => Err(Malformed::BadTime {
                field,
                found: self.excerpt(),
            }),
        }
    }

    /// The beginning of the value, for a person.
    pub(crate) fn excerpt(self) -> String {
        let end = self.raw.floor_char_boundary(EXCERPT_BYTES_MAX);
        let more = if end < self.raw.len() { "…" } else { "" };
        format!("{}{more}", &self.raw[..end])
    }
}

/// Refuses a text of another length, and one that no column can hold.
pub(crate) fn check_text(field: &'static str, text: &str, bytes: Bytes) -> Result<(), Malformed> {
    if text.len() < *bytes.start() {
        return Err(Malformed::EmptyText { field });
    }
    if text.len() > *bytes.end() {
        return Err(Malformed::TextTooLong {
            field,
            limit: *bytes.end(),
        });
    }
    if text.as_bytes().contains(&0) {
        return Err(Malformed::NulCharacter { field });
    }
    Ok(())
}
