//! What can be wrong with a record, so that it says nothing about any SKU. Knows no columns: the
//! code and the detail are plain text for whoever keeps them.

use std::str::Utf8Error;

use thiserror::Error;

/// Why a record is no event, in order of precedence: first what is wrong with the value as a
/// whole, then its fields in the order of their table, and for one field in the order below. The
/// first that holds is the answer. `Display` is the detail.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[expect(
    missing_docs,
    reason = "each message says what its variant and its fields are"
)]
pub enum Malformed {
    #[error("the value is empty")]
    EmptyValue,
    #[error("the value has {bytes} bytes, the limit is {limit}")]
    ValueTooLarge { bytes: usize, limit: usize },
    #[error("the record has {count} headers, the limit is {limit}")]
    TooManyHeaders { count: usize, limit: usize },
    #[error("{place} is not UTF-8, from byte {at} on")]
    NotUtf8 { place: &'static str, at: usize },
    #[error("the value nests deeper than {limit} levels")]
    TooDeep { limit: usize },
    #[error("not JSON: {problem}")]
    NotJson { problem: String },
    #[error("the value is not a JSON object")]
    NotAnObject,
    #[error("{field} is there more than once")]
    RepeatedField { field: &'static str },
    #[error("{field} is missing")]
    MissingField { field: &'static str },
    #[error("{field} must be {wanted}, not {found}")]
    WrongType {
        field: &'static str,
        wanted: &'static str,
        found: &'static str,
    },
    #[error("{field} holds half of a surrogate pair")]
    LoneSurrogate { field: &'static str },
    #[error("{field} must be written as an integer, not {found}")]
    NotAnInteger { field: &'static str, found: String },
    #[error("{field} does not fit 64 bits: {found}")]
    OutOfRange { field: &'static str, found: String },
    #[error("quantity_change is 0")]
    ZeroChange,
    #[error("{field} is negative: {found}")]
    Negative { field: &'static str, found: i64 },
    #[error("kind must be adjust or count, not {found}")]
    UnknownKind { found: String },
    #[error("nature must be intent or fact, not {found}")]
    UnknownNature { found: String },
    #[error("{field} is not a time by RFC 3339: {found}")]
    BadTime { field: &'static str, found: String },
    #[error("attributes holds {count}, the limit is {limit}")]
    TooManyAttributes { count: usize, limit: usize },
    #[error("{field} is empty")]
    EmptyText { field: &'static str },
    #[error("{field} has more than {limit} bytes")]
    TextTooLong { field: &'static str, limit: usize },
    #[error("{field} holds U+0000")]
    NulCharacter { field: &'static str },
    #[error("{field} holds a control character")]
    ControlCharacter { field: &'static str },
}

impl Malformed {
    /// Every code, in order of precedence.
    pub const CODES: [&'static str; 23] = [
        "empty_value",
        "value_too_large",
        "too_many_headers",
        "not_utf8",
        "too_deep",
        "not_json",
        "not_an_object",
        "repeated_field",
        "missing_field",
        "wrong_type",
        "lone_surrogate",
        "not_an_integer",
        "out_of_range",
        "zero_change",
        "negative",
        "unknown_kind",
        "unknown_nature",
        "bad_time",
        "too_many_attributes",
        "empty_text",
        "text_too_long",
        "nul_character",
        "control_character",
    ];

    /// What is wrong, in one word: stable, `snake_case`, one of [`Malformed::CODES`].
    pub fn code(&self) -> &'static str {
        match self {
            Malformed::EmptyValue => "empty_value",
            Malformed::ValueTooLarge { .. } => "value_too_large",
            Malformed::TooManyHeaders { .. } => "too_many_headers",
            Malformed::NotUtf8 { .. } => "not_utf8",
            Malformed::TooDeep { .. } => "too_deep",
            Malformed::NotJson { .. } => "not_json",
            Malformed::NotAnObject => "not_an_object",
            Malformed::RepeatedField { .. } => "repeated_field",
            Malformed::MissingField { .. } => "missing_field",
            Malformed::WrongType { .. } => "wrong_type",
            Malformed::LoneSurrogate { .. } => "lone_surrogate",
            Malformed::NotAnInteger { .. } => "not_an_integer",
            Malformed::OutOfRange { .. } => "out_of_range",
            Malformed::ZeroChange => "zero_change",
            Malformed::Negative { .. } => "negative",
            Malformed::UnknownKind { .. } => "unknown_kind",
            Malformed::UnknownNature { .. } => "unknown_nature",
            Malformed::BadTime { .. } => "bad_time",
            Malformed::TooManyAttributes { .. } => "too_many_attributes",
            Malformed::EmptyText { .. } => "empty_text",
            Malformed::TextTooLong { .. } => "text_too_long",
            Malformed::NulCharacter { .. } => "nul_character",
            Malformed::ControlCharacter { .. } => "control_character",
        }
    }

    /// What is wrong, for a person: one line, at most 200 bytes, without U+0000.
    pub fn detail(&self) -> String {
        self.to_string()
    }

    pub(crate) fn not_utf8(place: &'static str, error: Utf8Error) -> Malformed {
        Malformed::NotUtf8 {
            place,
            at: error.valid_up_to(),
        }
    }
}
