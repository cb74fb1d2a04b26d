//! Records that no reader can apply, one for each thing that has gone wrong somewhere.

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Poison {
    /// The SKU is not UTF-8.
    BadUtf8,
    /// `1e3`: a whole number, but not written as an integer.
    Exponent,
    /// `5.0`.
    Decimal,
    /// `"5"`.
    Text,
    /// A change of 0.
    Zero,
    /// One more than an `i64` holds.
    Wide,
    /// The least an `i64` holds: well-formed, and more than any stock can give. The one kind that
    /// is refused, not malformed.
    Lowest,
    /// U+0000 in the SKU, escaped.
    NulCharacter,
    /// A SKU of 129 bytes.
    LongSku,
    /// Twenty arrays, one in the other, in a field nobody knows.
    Nested,
    /// An object without fields.
    NoFields,
    /// Not JSON at all.
    NotJson,
    /// JSON that stops half way.
    Truncated,
    /// No bytes.
    EmptyValue,
    /// No value.
    Tombstone,
    /// A thousand headers on an event that is otherwise sound.
    ManyHeaders,
    /// An event of more than 1 MiB.
    HugeValue,
}

/// All of them, the heavy ones last.
const ALL: [Poison; 17] = [
    Poison::BadUtf8,
    Poison::Exponent,
    Poison::Decimal,
    Poison::Text,
    Poison::Zero,
    Poison::Wide,
    Poison::Lowest,
    Poison::NulCharacter,
    Poison::LongSku,
    Poison::Nested,
    Poison::NoFields,
    Poison::NotJson,
    Poison::Truncated,
    Poison::EmptyValue,
    Poison::Tombstone,
    Poison::ManyHeaders,
    Poison::HugeValue,
];

/// Kinds of more than a few hundred bytes.
const HEAVY: usize = 2;

impl Poison {
    /// The kinds to draw from.
    pub fn kinds(heavy: bool) -> &'static [Poison] {
        if heavy {
            &ALL
        } else {
            &ALL[..ALL.len() - HEAVY]
        }
    }

    /// Whether the contract calls it malformed; otherwise it is rejected.
    pub fn is_malformed(self) -> bool {
        self != Poison::Lowest
    }

    /// The record's headers.
    pub(super) fn headers(self) -> Vec<(String, Vec<u8>)> {
        let count = if self == Poison::ManyHeaders {
            1_000
        } else {
            0
        };
        (0..count)
            .map(|number| (format!("h{number}"), b"x".to_vec()))
            .collect()
    }

    /// The record's value. `sku` is a sound name.
    pub(super) fn payload(self, sku: &str) -> Option<Vec<u8>> {
        let event = |product: &str, change: &str| {
            format!(r#"{{"product_id":"{product}","quantity_change":{change}}}"#)
        };
        let text = match self {
            Poison::BadUtf8 => return Some(bad_utf8(sku)),
            Poison::EmptyValue => return Some(Vec::new()),
            Poison::Tombstone => return None,
            Poison::Exponent => event(sku, "1e3"),
            Poison::Decimal => event(sku, "5.0"),
            Poison::Text => event(sku, "\"5\""),
            Poison::Zero => event(sku, "0"),
            Poison::Wide => event(sku, "9223372036854775808"),
            Poison::Lowest => event(sku, "-9223372036854775808"),
            Poison::NulCharacter => event(&format!("{sku}\\u0000"), "5"),
            Poison::LongSku => event(&"S".repeat(129), "5"),
            Poison::Nested => with_field(
                &event(sku, "5"),
                &format!("{}{}", "[".repeat(20), "]".repeat(20)),
            ),
            Poison::NoFields => "{}".to_owned(),
            Poison::NotJson => "five pieces, please".to_owned(),
            Poison::Truncated => format!(r#"{{"product_id":"{sku}","quantity"#),
            Poison::ManyHeaders => event(sku, "5"),
            Poison::HugeValue => {
                with_field(&event(sku, "5"), &format!("\"{}\"", "x".repeat(1 << 20)))
            }
        };
        Some(text.into_bytes())
    }
}

fn bad_utf8(sku: &str) -> Vec<u8> {
    [
        br#"{"product_id":""#,
        sku.as_bytes(),
        b"\xff\xfe",
        br#"","quantity_change":5}"#,
    ]
    .concat()
}

/// Puts an unknown field in front of an event's own.
fn with_field(event: &str, value: &str) -> String {
    event.replacen('{', &format!(r#"{{"remark":{value},"#), 1)
}
