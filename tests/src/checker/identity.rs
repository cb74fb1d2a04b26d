//! The 128-bit key of an event's identity. It does not know where in a record source and id were found.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The id itself if it is a hyphenated UUID without a source, else the first 128 bits of SHA-256 over source and
/// id, each preceded by its length in bytes as a big-endian `u64`.
pub fn event_key(source: &str, id: &str) -> Uuid {
    match as_uuid(id) {
        Some(uuid) if source.is_empty() => uuid,
        _ => digest(source, id),
    }
}

/// Braced, URN and bare hexadecimal spellings are ids like any other.
fn as_uuid(id: &str) -> Option<Uuid> {
    (id.len() == uuid::fmt::Hyphenated::LENGTH).then(|| Uuid::parse_str(id).ok())?
}

fn digest(source: &str, id: &str) -> Uuid {
    let mut hasher = Sha256::new();
    for part in [source, id] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hasher.finalize()[..16]);
    Uuid::from_bytes(first)
}

#[cfg(test)]
mod tests {
    use super::event_key;

    #[test]
    fn a_uuid_without_source_is_its_own_key() {
        let id = "0190a6e4-0000-7000-8000-00000000002a";
        assert_eq!(event_key("", id).to_string(), id);
        assert_ne!(event_key("shop", id).to_string(), id);
    }

    #[test]
    fn the_border_between_source_and_id_counts() {
        assert_ne!(event_key("ab", "c"), event_key("a", "bc"));
        assert_ne!(event_key("", "order-1"), event_key("order-1", ""));
    }
}
