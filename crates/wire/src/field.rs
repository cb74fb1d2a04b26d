//! The names of the fields that mean something. What they hold is not known here.

/// A field of an event, in the order in which they are judged, or of a CloudEvents envelope alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field {
    ProductId,
    Kind,
    QuantityChange,
    Quantity,
    EventId,
    Source,
    Nature,
    ExpectedVersion,
    OccurredAt,
    Reason,
    Reference,
    Channel,
    Location,
    Attributes,
    SpecVersion,
    Id,
    Time,
    Data,
}

/// Every field with its name, in the order of the enum.
const NAMES: [(&str, Field); Field::COUNT] = [
    ("product_id", Field::ProductId),
    ("kind", Field::Kind),
    ("quantity_change", Field::QuantityChange),
    ("quantity", Field::Quantity),
    ("event_id", Field::EventId),
    ("source", Field::Source),
    ("nature", Field::Nature),
    ("expected_version", Field::ExpectedVersion),
    ("occurred_at", Field::OccurredAt),
    ("reason", Field::Reason),
    ("reference", Field::Reference),
    ("channel", Field::Channel),
    ("location", Field::Location),
    ("attributes", Field::Attributes),
    ("specversion", Field::SpecVersion),
    ("id", Field::Id),
    ("time", Field::Time),
    ("data", Field::Data),
];

impl Field {
    /// How many there are.
    pub(crate) const COUNT: usize = Field::Data as usize + 1;

    pub(crate) fn name(self) -> &'static str {
        NAMES[self as usize].0
    }

    /// The field of this name, if it means something.
    pub(crate) fn named(name: &str) -> Option<Field> {
        let (_, field) = NAMES.iter().find(|(known, _)| *known == name)?;
        Some(*field)
    }

    pub(crate) const fn alone(self) -> FieldSet {
        FieldSet(1 << self as u32)
    }
}

/// Some fields.
#[derive(Clone, Copy, Default)]
pub(crate) struct FieldSet(u32);

impl FieldSet {
    /// All of an event.
    pub(crate) const OF_EVENTS: FieldSet = FieldSet(Field::SpecVersion.alone().0 - 1);
    /// Those of an event that only some events have, and that are only kept.
    pub(crate) const KEPT: FieldSet = FieldSet(
        Field::Reason.alone().0
            | Field::Reference.alone().0
            | Field::Channel.alone().0
            | Field::Location.alone().0
            | Field::Attributes.alone().0,
    );
    /// All of an envelope.
    pub(crate) const OF_ENVELOPES: FieldSet = FieldSet(
        Field::Source.alone().0
            | Field::SpecVersion.alone().0
            | Field::Id.alone().0
            | Field::Time.alone().0
            | Field::Data.alone().0,
    );

    pub(crate) fn add(&mut self, other: FieldSet) {
        self.0 |= other.0;
    }

    pub(crate) fn and(self, other: FieldSet) -> FieldSet {
        FieldSet(self.0 & other.0)
    }

    /// The name of the first, in the order of the enum.
    pub(crate) fn first(self) -> Option<&'static str> {
        NAMES
            .get(self.0.trailing_zeros() as usize)
            .map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_names_has_the_order_of_the_enum() {
        for (at, (name, field)) in NAMES.into_iter().enumerate() {
            assert_eq!(at, field as usize, "{name}");
        }
    }
}
