//! Records with and without a producer's span.

use plimsoll_sandbox::workload::{Produced, produce};
use plimsoll_tests::ours::Settings;

pub(crate) fn send(settings: &Settings, records: impl IntoIterator<Item = Produced>) {
    produce(&settings.bootstrap, &settings.topic, records).expect("the records arrive");
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
