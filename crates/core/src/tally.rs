//! Counts what a committed batch did. Names and labels are telemetry's.

use std::collections::BTreeMap;

use plimsoll_domain::{Folded, Outcome};
use plimsoll_telemetry::Metrics;

use crate::batch::Batch;
use crate::clock;

/// Counts one committed attempt.
pub(crate) fn committed(metrics: &Metrics, batch: &Batch, records: &[u32], folded: &Folded) {
    let mut counts = BTreeMap::<(&str, &str), u64>::new();
    let mut outcomes = folded.outcomes.iter();
    let now_ms = clock::now_ms();
    for &n in records {
        let entry = &batch.entries[n as usize];
        let labels = match &entry.content {
            Err(malformed) => ("malformed", malformed.code()),
            Ok(_) => labels(outcomes.next().expect("one for each event")),
        };
        *counts.entry(labels).or_default() += 1;
        metrics.event_age(now_ms.saturating_sub(entry.timestamp_ms).max(0) as f64 / 1000.0);
    }
    for ((outcome, code), count) in counts {
        metrics.events(outcome, code, count);
    }
    metrics.batch_records(records.len() as u64);
}

fn labels(outcome: &Outcome) -> (&'static str, &'static str) {
    match outcome {
        Outcome::Movement { .. } => ("applied", ""),
        Outcome::Refused { refusal, .. } => (refusal.outcome(), refusal.code()),
        Outcome::Parked { hold, .. } => ("parked", hold.code()),
    }
}
