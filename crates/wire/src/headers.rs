//! The headers of a record. Only those with a meaning are kept; the rest is only counted.

use crate::Malformed;
use crate::identity::{ID_BYTES, SOURCE_BYTES};
use crate::trace::{self, Trace};
use crate::value::{Bytes, check_text};

/// How many headers a record may have.
pub const HEADERS_MAX: usize = 64;

/// Enough of a value to know that it is longer than an id or a source may be.
const KEPT_BYTES_MAX: usize = 201;

/// What the headers of one record say. Names are case-sensitive, as Kafka's are; of two with one
/// name the last counts; one without a value is as good as absent.
#[derive(Default, Debug, Clone)]
pub struct Headers {
    count: usize,
    ce_source: Option<Box<[u8]>>,
    ce_id: Option<Box<[u8]>>,
    event_id: Option<Box<[u8]>>,
    trace: Option<Trace>,
    trace_state: Option<Box<str>>,
}

/// For a record without headers.
pub(crate) static NONE: Headers = Headers {
    count: 0,
    ce_source: None,
    ce_id: None,
    event_id: None,
    trace: None,
    trace_state: None,
};

impl Headers {
    /// Takes in one header, at most 201 bytes of it; a `tracestate` whole or not at all.
    pub fn add(&mut self, name: &[u8], value: Option<&[u8]>) {
        self.count += 1;
        let kept = || value.map(|bytes| bytes[..bytes.len().min(KEPT_BYTES_MAX)].into());
        match name {
            b"ce_source" => self.ce_source = kept(),
            b"ce_id" => self.ce_id = kept(),
            b"event-id" => self.event_id = kept(),
            b"traceparent" => self.trace = value.and_then(Trace::parse),
            b"tracestate" => self.trace_state = value.and_then(trace::state),
            _ => {}
        }
    }

    /// The producer's trace, if the record has a valid `traceparent`; also for a record that is
    /// malformed.
    pub fn trace(&self) -> Option<Trace> {
        self.trace
    }

    /// What the producer's tracers say to each other, as they wrote it; only with a
    /// [`Headers::trace`].
    pub fn trace_state(&self) -> Option<&str> {
        self.trace.and(self.trace_state.as_deref())
    }

    pub(crate) fn check_count(&self) -> Result<(), Malformed> {
        if self.count > HEADERS_MAX {
            return Err(Malformed::TooManyHeaders {
                count: self.count,
                limit: HEADERS_MAX,
            });
        }
        Ok(())
    }

    /// `ce_source` and `ce_id`, if both are there.
    pub(crate) fn cloud_event(&self) -> Result<Option<(&str, &str)>, Malformed> {
        let (Some(source), Some(id)) = (&self.ce_source, &self.ce_id) else {
            return Ok(None);
        };
        let id = text("ce_id", id, ID_BYTES)?;
        Ok(Some((text("ce_source", source, SOURCE_BYTES)?, id)))
    }

    /// `event-id`.
    pub(crate) fn event_id(&self) -> Result<Option<&str>, Malformed> {
        self.event_id
            .as_deref()
            .map(|id| text("event-id", id, ID_BYTES))
            .transpose()
    }
}

fn text<'a>(field: &'static str, value: &'a [u8], bytes: Bytes) -> Result<&'a str, Malformed> {
    if value.len() > *bytes.end() {
        return Err(Malformed::TextTooLong {
            field,
            limit: *bytes.end(),
        });
    }
    let text = str::from_utf8(value).map_err(|error| Malformed::not_utf8(field, error))?;
    check_text(field, text, bytes)?;
    Ok(text)
}
