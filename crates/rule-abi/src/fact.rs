//! The names of facts, and the shape of each one's column. Knows no values.

/// What a rule may be told about an event and its product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fact<'a> {
    /// The SKU.
    Sku,
    /// What the event asks for: [`KIND_ADJUST`] or [`KIND_COUNT`].
    Kind,
    /// May it still be refused: [`NATURE_INTENT`] or [`NATURE_FACT`].
    Nature,
    /// Units it would add to the running stock (negative: take away).
    Change,
    /// Units on hand before it, after the events before it.
    Stock,
    /// The lowest stock that the platform allows.
    Floor,
    /// How many movements made the stock so.
    Version,
    /// Scope of the event's identity.
    Source,
    /// Sales channel.
    Channel,
    /// Location.
    Location,
    /// Reason.
    Reason,
    /// Reference, such as an order number.
    Reference,
    /// When it happened, in microseconds since 1970.
    OccurredAt,
    /// One of the event's own attributes; one of another shape counts as absent.
    Attribute(&'a str, Shape),
}

/// How the values of a column are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A number that is always there.
    Number,
    /// A text, or absent.
    Text,
    /// A number, or absent.
    Integer,
    /// Yes, no, or absent.
    Boolean,
}

/// The value of `kind` for a change by some units.
pub const KIND_ADJUST: i64 = 0;
/// The value of `kind` for a physical count.
pub const KIND_COUNT: i64 = 1;
/// The value of `nature` for a wish, such as an order.
pub const NATURE_INTENT: i64 = 0;
/// The value of `nature` for something that already happened.
pub const NATURE_FACT: i64 = 1;

/// Longest name of an attribute that a rule can read, in bytes.
pub const ATTRIBUTE_NAME_BYTES_MAX: usize = 64;

const PLAIN: [(&str, Fact<'static>); 13] = [
    ("sku", Fact::Sku),
    ("kind", Fact::Kind),
    ("nature", Fact::Nature),
    ("change", Fact::Change),
    ("stock", Fact::Stock),
    ("floor", Fact::Floor),
    ("version", Fact::Version),
    ("source", Fact::Source),
    ("channel", Fact::Channel),
    ("location", Fact::Location),
    ("reason", Fact::Reason),
    ("reference", Fact::Reference),
    ("occurred_at", Fact::OccurredAt),
];

impl<'a> Fact<'a> {
    /// The fact of this column name: a plain one such as `stock`, or
    /// `attribute:SHAPE:NAME` with the shape `text`, `integer` or `boolean`.
    pub fn parse(name: &'a str) -> Option<Fact<'a>> {
        if let Some(attribute) = name.strip_prefix("attribute:") {
            let (shape, name) = attribute.split_once(':')?;
            let fits = !name.is_empty() && name.len() <= ATTRIBUTE_NAME_BYTES_MAX;
            return fits.then_some(Fact::Attribute(name, Shape::of_attribute(shape)?));
        }
        let (_, fact) = PLAIN.iter().find(|(plain, _)| *plain == name)?;
        Some(*fact)
    }

    /// How its values are packed.
    pub const fn shape(self) -> Shape {
        match self {
            Fact::Kind
            | Fact::Nature
            | Fact::Change
            | Fact::Stock
            | Fact::Floor
            | Fact::Version
            | Fact::OccurredAt => Shape::Number,
            Fact::Sku
            | Fact::Source
            | Fact::Channel
            | Fact::Location
            | Fact::Reason
            | Fact::Reference => Shape::Text,
            Fact::Attribute(_, shape) => shape,
        }
    }
}

impl Shape {
    /// Numbers that one value of a row takes.
    pub const fn width(self) -> usize {
        match self {
            Shape::Number | Shape::Text | Shape::Boolean => 1,
            Shape::Integer => 2,
        }
    }

    fn of_attribute(name: &str) -> Option<Shape> {
        match name {
            "text" => Some(Shape::Text),
            "integer" => Some(Shape::Integer),
            "boolean" => Some(Shape::Boolean),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_name() {
        for (name, fact) in PLAIN {
            assert_eq!(Fact::parse(name), Some(fact));
        }
        assert_eq!(
            Fact::parse("attribute:integer:gift:wrap"),
            Some(Fact::Attribute("gift:wrap", Shape::Integer))
        );
    }

    #[test]
    fn an_unknown_column_is_no_fact() {
        for name in [
            "",
            "Stock",
            "price",
            "attribute:",
            "attribute:text:",
            "attribute:number:x",
        ] {
            assert_eq!(Fact::parse(name), None, "{name}");
        }
    }
}
