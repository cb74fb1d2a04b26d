//! Counts what a committed batch did. Names and labels are telemetry's.

use std::collections::BTreeMap;

use crate::batch::{Batch, Entry};
use crate::clock;
use crate::store::{Judged, Store};

/// Counts one committed attempt.
pub(crate) fn committed(store: &Store, batch: &Batch, records: &[u32], judged: &Judged) {
    let metrics = &store.metrics;
    let mut counts = BTreeMap::<(&str, &str), u64>::new();
    let mut outcomes = (0..).zip(&judged.folded.outcomes);
    let now_ms = clock::now_ms();
    for &n in records {
        let entry = &batch.entries[n as usize];
        let labels = match &entry.content {
            Err(malformed) => ("malformed", malformed.code()),
            Ok(_) => {
                let (event, outcome) = outcomes.next().expect("one for each event");
                warn_of_shadow(entry, event, judged);
                judged.labels(outcome)
            }
        };
        *counts.entry(labels).or_default() += 1;
        metrics.event_age(now_ms.saturating_sub(entry.timestamp_ms).max(0) as f64 / 1000.0);
    }
    for ((outcome, code), count) in counts {
        metrics.events(outcome, code, count);
    }
    metrics.batch_records(records.len() as u64);
    metrics.processed(&store.source, records.len() as u64, batch.trace.elapsed());
    judged.report.count(metrics);
}

/// Where an enforced rule fails its event says so; of a shadow only this line does. Once a batch,
/// and the breaker ends a series of them.
fn warn_of_shadow(entry: &Entry, event: u32, judged: &Judged) {
    if let Some((of, fault)) = &judged.shadow
        && *of == event
    {
        let (partition, offset) = (entry.partition, entry.offset);
        tracing::warn!(
            partition,
            offset,
            fault,
            "a rule in the shadow gave no valid answer about {partition}:{offset}: {fault}"
        );
    }
}
