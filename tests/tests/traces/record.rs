//! Records with and without a producer's span.

use plimsoll_sandbox::workload::{Event, Kind, Produced, produce};
use plimsoll_tests::ours::Settings;

pub(crate) fn send(settings: &Settings, records: impl IntoIterator<Item = Produced>) {
    produce(&settings.bootstrap, &settings.topic, records).expect("the records arrive");
}

/// A change of a SKU.
pub(crate) fn adjust(sku: &str, change: i64, id: &str) -> Produced {
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

/// What the shop's tracers say to each other.
pub(crate) const STATE: &str = "shop=t61rcWkgMzE";

/// The same, sent from this span.
pub(crate) fn followed(mut record: Produced, trace: &str, span: &str, sampled: bool) -> Produced {
    let flags = u8::from(sampled);
    let value = format!("00-{trace}-{span}-{flags:02x}");
    for (name, value) in [("traceparent", value.as_str()), ("tracestate", STATE)] {
        let header = (name.to_owned(), value.as_bytes().to_vec());
        record.headers.push(header);
    }
    record
}
