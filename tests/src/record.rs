//! One record at a time, for tests that choose what it says.

use plimsoll_sandbox::workload::{Event, Kind, Produced};

/// A change of a SKU, keyed by it.
pub fn adjust(sku: &str, change: i64, id: &str) -> Produced {
    let value = format!(r#"{{"product_id":"{sku}","quantity_change":{change},"event_id":"{id}"}}"#);
    Produced {
        partition: None,
        key: Some(sku.as_bytes().to_vec()),
        headers: Vec::new(),
        payload: Some(value.into_bytes()),
        timestamp_ms: None,
        event: Event {
            sku: 0,
            quantity_change: change,
            id: None,
            kind: Kind::Fresh,
        },
    }
}
