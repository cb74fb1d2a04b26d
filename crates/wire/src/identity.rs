//! Which event this is: the identity, wherever the record carries it, and the 128 bits it is kept
//! as. Whether it was seen before is not known here.

use std::borrow::Cow;

use plimsoll_domain::EventKey;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::field::Field;
use crate::fields::Fields;
use crate::value::Bytes;
use crate::{Headers, Malformed};

/// Length of an id.
pub(crate) const ID_BYTES: Bytes = 1..=200;
/// Length of a source.
pub(crate) const SOURCE_BYTES: Bytes = 0..=200;

/// The identity of an event, if it has one, and the source that is told about it.
pub(crate) struct Identity<'a> {
    pub(crate) key: Option<EventKey>,
    pub(crate) source: Cow<'a, str>,
}

impl<'a> Identity<'a> {
    /// The first that is there: the headers `ce_source` and `ce_id`, the envelope, the event, the
    /// header `event-id`. Fields outside their limits are refused, also where they lose.
    pub(crate) fn of(
        headers: &'a Headers,
        envelope: Option<&Fields<'a>>,
        event: &Fields<'a>,
    ) -> Result<Self, Malformed> {
        let own = Named::read(event, Field::EventId)?;
        let named = match envelope {
            Some(envelope) => Named::read(envelope, Field::Id)?.or(own),
            None => own,
        };
        if let Some((source, id)) = headers.cloud_event()? {
            let key = Some(event_key(source, id));
            return Ok(Identity {
                key,
                source: Cow::Borrowed(source),
            });
        }
        let key = match &named.id {
            Some(id) => Some(event_key(&named.source, id)),
            None => headers.event_id()?.map(|id| event_key("", id)),
        };
        Ok(Identity {
            key,
            source: named.source,
        })
    }
}

/// A pair of fields that can be an identity.
struct Named<'a> {
    source: Cow<'a, str>,
    id: Option<Cow<'a, str>>,
}

impl<'a> Named<'a> {
    fn read(fields: &Fields<'a>, id: Field) -> Result<Self, Malformed> {
        let id = fields
            .get(id)
            .map(|value| value.text(ID_BYTES))
            .transpose()?;
        let source = fields
            .get(Field::Source)
            .map(|value| value.text(SOURCE_BYTES))
            .transpose()?;
        Ok(Named {
            source: source.unwrap_or_default(),
            id,
        })
    }

    /// The one with an id; without any, the one with a source.
    fn or(self, other: Self) -> Self {
        let there = self.id.is_some() || (other.id.is_none() && !self.source.is_empty());
        if there { self } else { other }
    }
}

/// The id itself if it is a UUID in its hyphenated form, in either case, and the source is empty;
/// else the first 128 bits of SHA-256 over source and id, each preceded by its length in bytes as
/// 64 bits, big-endian.
fn event_key(source: &str, id: &str) -> EventKey {
    const HYPHENATED: usize = 36;
    if source.is_empty()
        && id.len() == HYPHENATED
        && let Ok(uuid) = Uuid::try_parse(id)
    {
        return EventKey(uuid.as_u128());
    }
    let mut hash = Sha256::new();
    for part in [source, id] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    let first = digest
        .first_chunk()
        .expect("SHA-256 has more than 16 bytes");
    EventKey(u128::from_be_bytes(*first))
}
