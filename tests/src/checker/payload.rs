//! What a record says, by the published table of fields. It does not know what became of it.

mod fields;
mod json;

use std::fmt;

use fields::Fields;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::identity::event_key;
use super::log::Record;

const VALUE_BYTES_MAX: usize = 1 << 20;
const HEADERS_MAX: usize = 64;
const NAME_BYTES_MAX: usize = 200;

/// What a record asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The product.
    pub sku: String,
    /// The change or the count asked for.
    pub quantity: Quantity,
    /// Identity within the SKU; none means that only its position protects the record.
    pub key: Option<Uuid>,
    /// It has happened and may not be refused for lack of stock. A count always is.
    pub fact: bool,
    /// Compare-and-set.
    pub expected_version: Option<i64>,
}

/// What an event does to a stock, in units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Adds this, never 0.
    Adjust(i64),
    /// Sets the stock to this, never negative.
    Count(i64),
}

/// Why a record is no event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn malformed<T>(why: impl fmt::Display) -> Result<T, Malformed> {
    Err(Malformed(why.to_string()))
}

/// Reads a record by the contract.
pub fn decode(record: &Record, facts_by_default: bool) -> Result<Event, Malformed> {
    if record.headers.len() > HEADERS_MAX {
        return malformed("too many headers");
    }
    let Value::Object(body) = json::parse(bytes(record)?)? else {
        return malformed("not an object");
    };
    let (envelope, body) = unwrap(body)?;
    event(
        &Fields(&body),
        identity(record, envelope, &Fields(&body))?,
        facts_by_default,
    )
}

fn bytes(record: &Record) -> Result<&[u8], Malformed> {
    match record.value.as_deref() {
        None | Some([]) => malformed("empty value"),
        Some(value) if value.len() > VALUE_BYTES_MAX => malformed("value too large"),
        Some(value) => Ok(value),
    }
}

/// Source and id of an envelope, if it has an id.
type Envelope = Option<(String, String)>;

/// A structured CloudEvent is an envelope around the body; anything else is the body.
fn unwrap(mut outer: Map<String, Value>) -> Result<(Envelope, Map<String, Value>), Malformed> {
    if !outer.contains_key("specversion") {
        return Ok((None, outer));
    }
    let Some(Value::Object(body)) = outer.remove("data") else {
        return malformed("a CloudEvent without an object as data");
    };
    let fields = Fields(&outer);
    let source = fields
        .text("source", 0..=NAME_BYTES_MAX)?
        .unwrap_or_default()
        .to_owned();
    let id = fields
        .text("id", 1..=NAME_BYTES_MAX)?
        .map(|id| (source, id.to_owned()));
    Ok((id, body))
}

/// Identity, first that is there: CloudEvents headers or envelope, body, the header `event-id`.
fn identity(
    record: &Record,
    envelope: Envelope,
    body: &Fields<'_>,
) -> Result<Option<Uuid>, Malformed> {
    let in_body = body.text("event_id", 1..=NAME_BYTES_MAX)?;
    let source = body.text("source", 0..=NAME_BYTES_MAX)?.unwrap_or_default();
    let cloud_source = header(record, "ce_source", 0)?.unwrap_or_default();
    let key = if let Some(id) = header(record, "ce_id", 1)? {
        Some(event_key(cloud_source, id))
    } else if let Some((source, id)) = &envelope {
        Some(event_key(source, id))
    } else if let Some(id) = in_body {
        Some(event_key(source, id))
    } else {
        header(record, "event-id", 1)?.map(|id| event_key(source, id))
    };
    Ok(key)
}

fn header<'a>(
    record: &'a Record,
    name: &str,
    bytes_min: usize,
) -> Result<Option<&'a str>, Malformed> {
    let Some((_, Some(value))) = record.headers.iter().find(|(key, _)| key == name) else {
        return Ok(None);
    };
    match std::str::from_utf8(value) {
        Ok(text) if fields::fits(text, &(bytes_min..=NAME_BYTES_MAX)) => Ok(Some(text)),
        _ => malformed(format_args!("header {name}")),
    }
}

fn event(body: &Fields<'_>, key: Option<Uuid>, facts_by_default: bool) -> Result<Event, Malformed> {
    let quantity = quantity(body)?;
    let fact = body
        .one_of("nature", ["intent", "fact"])?
        .map_or(facts_by_default, |nature| nature == "fact");
    body.check_descriptions()?;
    Ok(Event {
        sku: body.sku()?,
        quantity,
        key,
        fact: fact || matches!(quantity, Quantity::Count(_)),
        expected_version: body
            .integer("expected_version")?
            .map(not_negative)
            .transpose()?,
    })
}

fn quantity(body: &Fields<'_>) -> Result<Quantity, Malformed> {
    match body.one_of("kind", ["adjust", "count"])? {
        Some("count") => match body.integer("quantity")? {
            Some(quantity) => Ok(Quantity::Count(not_negative(quantity)?)),
            None => malformed("a count without quantity"),
        },
        _ => match body.integer("quantity_change")? {
            Some(0) | None => malformed("no quantity_change"),
            Some(change) => Ok(Quantity::Adjust(change)),
        },
    }
}

fn not_negative(number: i64) -> Result<i64, Malformed> {
    if number < 0 {
        malformed("negative")
    } else {
        Ok(number)
    }
}

#[cfg(test)]
mod tests;
