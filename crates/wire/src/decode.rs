//! One record's bytes become one event, or the reason why they are none. Does not know what is
//! in stock, nor what was decided before.

use std::borrow::Cow;

use plimsoll_domain::{EventKey, Kind, Nature};

use crate::facts::Facts;
use crate::field::{Field, FieldSet};
use crate::fields::Fields;
use crate::headers::{self, Headers};
use crate::identity::Identity;
use crate::trace::Trace;
use crate::value::{Bytes, Type, Value};
use crate::{Malformed, attributes, text};

const SKU_BYTES: Bytes = 1..=128;
const FACT_BYTES: Bytes = 0..=200;

/// What a record says about one SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// The SKU: 1–128 bytes without control characters.
    pub sku: Cow<'a, str>,
    /// What it asks for, in units.
    pub kind: Kind,
    /// Its identity; `None` means that only its position protects it.
    pub key: Option<EventKey>,
    /// Whether it may be refused.
    pub nature: Nature,
    /// Apply only if the product has exactly this version; 0 or more.
    pub expected_version: Option<i64>,
    /// When it happened, in milliseconds since 1970; `None`: the record's own timestamp.
    pub occurred_ms: Option<i64>,
    /// The producer's trace.
    pub trace: Option<Trace>,
    /// Everything else that is kept; `None` when there is nothing else.
    pub facts: Option<Box<Facts>>,
}

/// Reads one record. An empty payload is a tombstone. `nature` is that of an adjustment that does
/// not state its own.
///
/// # Errors
/// [`Malformed`], in its order of precedence.
pub fn decode<'a>(
    payload: &'a [u8],
    headers: Option<&Headers>,
    nature: Nature,
) -> Result<Decoded<'a>, Malformed> {
    let headers = headers.unwrap_or(&headers::NONE);
    text::check_size(payload)?;
    headers.check_count()?;
    let text = text::utf8(payload)?;
    text::check_depth(text)?;
    match text::without_plus_signs(text) {
        None => unwrapped(&Fields::read(text)?, headers, nature),
        Some(repaired) => Ok(unwrapped(&Fields::read(&repaired)?, headers, nature)?.into_owned()),
    }
}

/// Takes the event out of its envelope, if it comes in one: a structured CloudEvent, which has it
/// in its `data`.
fn unwrapped<'a>(
    fields: &Fields<'a>,
    headers: &Headers,
    nature: Nature,
) -> Result<Decoded<'a>, Malformed> {
    if fields.get(Field::SpecVersion).is_none() {
        return event(None, fields, headers, nature);
    }
    fields.each_once(FieldSet::OF_ENVELOPES)?;
    let data = fields.need(Field::Data)?;
    data.check_type(Type::Object)?;
    event(Some(fields), &Fields::read(data.raw)?, headers, nature)
}

fn event<'a>(
    envelope: Option<&Fields<'a>>,
    event: &Fields<'a>,
    headers: &Headers,
    default: Nature,
) -> Result<Decoded<'a>, Malformed> {
    event.each_once(FieldSet::OF_EVENTS)?;
    let sku = sku(event)?;
    let kind = kind(event)?;
    let identity = Identity::of(headers, envelope, event)?;
    let nature = nature(event, kind, default)?;
    let version = event.get(Field::ExpectedVersion);
    let expected_version = version.map(Value::natural).transpose()?;
    Ok(Decoded {
        sku,
        kind,
        key: identity.key,
        nature,
        expected_version,
        occurred_ms: occurred_ms(envelope, event)?,
        trace: headers.trace(),
        facts: facts(
            event,
            Facts::stated(identity.source, expected_version, kind, nature),
        )?,
    })
}

fn sku<'a>(event: &Fields<'a>) -> Result<Cow<'a, str>, Malformed> {
    let sku = event.need(Field::ProductId)?.text(SKU_BYTES)?;
    if sku.chars().any(char::is_control) {
        let field = Field::ProductId.name();
        return Err(Malformed::ControlCharacter { field });
    }
    Ok(sku)
}

/// The kind with the quantity it needs. It does not look at the other one.
fn kind(event: &Fields<'_>) -> Result<Kind, Malformed> {
    let Some(kind) = event.get(Field::Kind) else {
        return adjust(event);
    };
    match &*kind.any_text()? {
        "adjust" => adjust(event),
        "count" => Ok(Kind::Count(event.need(Field::Quantity)?.natural()?)),
        _ => Err(Malformed::UnknownKind {
            found: kind.excerpt(),
        }),
    }
}

fn adjust(event: &Fields<'_>) -> Result<Kind, Malformed> {
    match event.need(Field::QuantityChange)?.integer()? {
        0 => Err(Malformed::ZeroChange),
        units => Ok(Kind::Adjust(units)),
    }
}

fn nature(event: &Fields<'_>, kind: Kind, default: Nature) -> Result<Nature, Malformed> {
    let stated = match event.get(Field::Nature) {
        None => default,
        Some(nature) => match &*nature.any_text()? {
            "intent" => Nature::Intent,
            "fact" => Nature::Fact,
            _ => {
                return Err(Malformed::UnknownNature {
                    found: nature.excerpt(),
                });
            }
        },
    };
    Ok(match kind {
        Kind::Adjust(_) => stated,
        Kind::Count(_) => Nature::Fact,
    })
}

/// The event's own time, else its envelope's.
fn occurred_ms(
    envelope: Option<&Fields<'_>>,
    event: &Fields<'_>,
) -> Result<Option<i64>, Malformed> {
    let own = event
        .get(Field::OccurredAt)
        .map(Value::time_ms)
        .transpose()?;
    let time = envelope.and_then(|envelope| envelope.get(Field::Time));
    Ok(own.or(time.map(Value::time_ms).transpose()?))
}

/// Adds the facts that are only kept, which most events do not have.
fn facts(event: &Fields<'_>, mut facts: Facts) -> Result<Option<Box<Facts>>, Malformed> {
    if event.any(FieldSet::KEPT) {
        facts.reason = fact(event, Field::Reason)?;
        facts.reference = fact(event, Field::Reference)?;
        facts.channel = fact(event, Field::Channel)?;
        facts.location = fact(event, Field::Location)?;
        facts.attributes = attributes::read(event.get(Field::Attributes))?;
    }
    Ok((facts != Facts::default()).then(|| Box::new(facts)))
}

fn fact(event: &Fields<'_>, field: Field) -> Result<Option<String>, Malformed> {
    let text = event
        .get(field)
        .map(|value| value.text(FACT_BYTES))
        .transpose()?;
    Ok(text.map(Cow::into_owned))
}

impl Decoded<'_> {
    fn into_owned(self) -> Decoded<'static> {
        Decoded {
            sku: Cow::Owned(self.sku.into_owned()),
            kind: self.kind,
            key: self.key,
            nature: self.nature,
            expected_version: self.expected_version,
            occurred_ms: self.occurred_ms,
            trace: self.trace,
            facts: self.facts,
        }
    }
}
