//! Counts what a committed batch did. Names and labels are telemetry's.

use std::collections::BTreeMap;

use plimsoll_domain::Outcome;
use plimsoll_telemetry::Metrics;

use crate::batch::Batch;
use crate::clock;
use crate::store::Judged;

/// Counts one committed attempt.
pub(crate) fn committed(metrics: &Metrics, batch: &Batch, records: &[u32], judged: &Judged) {
    let mut counts = BTreeMap::<(&str, &str), u64>::new();
    let mut outcomes = judged.folded.outcomes.iter();
    let now_ms = clock::now_ms();
    for &n in records {
        let entry = &batch.entries[n as usize];
        let labels = match &entry.content {
            Err(malformed) => ("malformed", malformed.code()),
            Ok(_) => labels(judged, outcomes.next().expect("one for each event")),
        };
        *counts.entry(labels).or_default() += 1;
        metrics.event_age(now_ms.saturating_sub(entry.timestamp_ms).max(0) as f64 / 1000.0);
    }
    for ((outcome, code), count) in counts {
        metrics.events(outcome, code, count);
    }
    metrics.batch_records(records.len() as u64);
    judged.report.count(metrics);
}

fn labels<'a>(judged: &'a Judged, outcome: &Outcome) -> (&'static str, &'a str) {
    let own = |said| judged.rules.code(said);
    match outcome {
        Outcome::Movement { .. } => ("applied", ""),
        Outcome::Refused { refusal, .. } => (refusal.outcome(), refusal.code(own)),
        Outcome::Parked { hold, .. } => ("parked", hold.code(own)),
    }
}
