//! Records as producers write them.

use plimsoll_sandbox::workload::{Event, Kind, Produced};
use serde_json::{Value, json};

/// An event's value, built up field by field.
pub(crate) struct Said(Value);

/// Adds `change` units to a SKU.
pub(crate) fn adjust(sku: &str, change: i64) -> Said {
    Said(json!({"product_id": sku, "quantity_change": change}))
}

/// Says how many units of a SKU there are.
pub(crate) fn count(sku: &str, units: i64) -> Said {
    Said(json!({"product_id": sku, "kind": "count", "quantity": units}))
}

impl Said {
    /// Gives it an identity.
    pub(crate) fn id(self, id: &str) -> Said {
        self.with("event_id", id)
    }

    /// It happened already.
    pub(crate) fn fact(self) -> Said {
        self.with("nature", "fact")
    }

    /// It is to be applied to this version only.
    pub(crate) fn expecting(self, version: i64) -> Said {
        self.with("expected_version", version)
    }

    /// It says why, at length.
    pub(crate) fn reason(self, reason: &str) -> Said {
        self.with("reason", reason)
    }

    fn with(mut self, field: &str, value: impl Into<Value>) -> Said {
        self.0[field] = value.into();
        self
    }
}

impl From<Said> for Vec<u8> {
    fn from(said: Said) -> Vec<u8> {
        said.0.to_string().into_bytes()
    }
}

/// A record without key and headers; without a value it is a tombstone.
pub(crate) fn record(partition: i32, value: Option<Vec<u8>>) -> Produced {
    Produced {
        partition: Some(partition),
        key: None,
        headers: Vec::new(),
        payload: value,
        timestamp_ms: None,
        // Only for the sender's own log, which is not kept here.
        event: Event {
            sku: 0,
            quantity_change: 0,
            id: None,
            kind: Kind::Fresh,
        },
    }
}
