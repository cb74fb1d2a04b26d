//! One record's bytes become one event, or the reason why they are none. Does not know what is
//! in stock, nor what was decided before.

use std::borrow::Cow;

use plimsoll_domain::{EventKey, Kind, Nature};

use crate::facts::Facts;
use crate::fields::{Field, Fields};
use crate::headers::{self, Headers};
use crate::identity::Identity;
use crate::trace::Trace;
use crate::value::{TextLimits, Value};
use crate::{Malformed, attributes, text};

const SKU_LIMITS: TextLimits = TextLimits {
    bytes_min: 1,
    bytes_max: 128,
};
const FACT_LIMITS: TextLimits = TextLimits {
    bytes_min: 0,
    bytes_max: 200,
};

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
        None => event(&Fields::read(text)?, headers, nature),
        Some(repaired) => Ok(event(&Fields::read(&repaired)?, headers, nature)?.into_owned()),
    }
}

/// Unwraps a structured CloudEvent: its `data` is the event.
fn event<'a>(
    fields: &Fields<'a>,
    headers: &Headers,
    nature: Nature,
) -> Result<Decoded<'a>, Malformed> {
    if fields.get(Field::SpecVersion).is_none() {
        return body(None, fields, headers, nature);
    }
    fields.each_once(&Field::OF_ENVELOPES)?;
    let data = fields.need(Field::Data)?;
    let event = match data.type_name() {
        "an object" => Fields::read(data.raw)?,
        _ => return Err(data.wrong("an object")),
    };
    body(Some(fields), &event, headers, nature)
}

fn body<'a>(
    envelope: Option<&Fields<'a>>,
    event: &Fields<'a>,
    headers: &Headers,
    default: Nature,
) -> Result<Decoded<'a>, Malformed> {
    event.each_once(&Field::OF_EVENTS)?;
    let sku = sku(event)?;
    let kind = kind(event)?;
    let identity = Identity::of(headers, envelope, event)?;
    let nature = nature(event, kind, default)?;
    let expected_version = event
        .get(Field::ExpectedVersion)
        .map(Value::natural)
        .transpose()?;
    let occurred_ms = occurred_ms(envelope, event)?;
    let stated = Facts {
        source: Some(identity.source)
            .filter(|source| !source.is_empty())
            .map(Cow::into_owned),
        expected_version,
        nature: match kind {
            Kind::Adjust(_) => nature,
            Kind::Count(_) => Nature::Intent,
        },
        ..Facts::default()
    };
    let facts = facts(event, stated)?;
    let (key, trace) = (identity.key, headers.trace());
    Ok(Decoded {
        sku,
        kind,
        key,
        nature,
        expected_version,
        occurred_ms,
        trace,
        facts,
    })
}

impl Decoded<'_> {
    fn into_owned(self) -> Decoded<'static> {
        let Decoded {
            sku,
            kind,
            key,
            nature,
            expected_version,
            occurred_ms,
            trace,
            facts,
        } = self;
        let sku = Cow::Owned(sku.into_owned());
        Decoded {
            sku,
            kind,
            key,
            nature,
            expected_version,
            occurred_ms,
            trace,
            facts,
        }
    }
}

fn sku<'a>(event: &Fields<'a>) -> Result<Cow<'a, str>, Malformed> {
    let sku = event.need(Field::ProductId)?.text(SKU_LIMITS)?;
    match sku.chars().any(char::is_control) {
        true => Err(Malformed::ControlCharacter {
            field: Field::ProductId.name(),
        }),
        false => Ok(sku),
    }
}

/// The kind with the quantity it needs; the quantity of the other kind is an unknown field to it.
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

/// All that is kept beyond what is stated for every event; nothing in the plain case.
fn facts(event: &Fields<'_>, stated: Facts) -> Result<Option<Box<Facts>>, Malformed> {
    let mut facts = stated;
    if event.any(&Field::KEPT) {
        facts.reason = fact(event, Field::Reason)?;
        facts.reference = fact(event, Field::Reference)?;
        facts.channel = fact(event, Field::Channel)?;
        facts.location = fact(event, Field::Location)?;
        facts.attributes = attributes::read(event.get(Field::Attributes))?;
    }
    Ok((facts != Facts::default()).then(|| Box::new(facts)))
}

fn fact(event: &Fields<'_>, field: Field) -> Result<Option<String>, Malformed> {
    event
        .get(field)
        .map(|value| Ok(value.text(FACT_LIMITS)?.into_owned()))
        .transpose()
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
    let envelope = envelope
        .and_then(|fields| fields.get(Field::Time))
        .map(Value::time_ms)
        .transpose()?;
    Ok(own.or(envelope))
}
