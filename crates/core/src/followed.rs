//! Which events of a committed batch get a span of their own, and what it says. Names and shapes
//! are telemetry's.

use std::time::Duration;

use plimsoll_domain::{Outcome, Said, Seen};
use plimsoll_telemetry::traces::LINKS_MAX;
use plimsoll_telemetry::traces::spans::{Event, Stock};

use crate::batch::{Batch, Entry};
use crate::clock;
use crate::store::{Judged, Store};

/// From taking a batch to its commit: a person at a till would notice.
const SLOW: Duration = Duration::from_secs(1);

/// Makes the spans of one committed attempt: those of events that moved nothing before those of
/// events that somebody follows. Of a batch that was slow or met a conflict, the first are shown
/// in any case.
pub(crate) fn committed(store: &Store, batch: &Batch, records: &[u32], judged: &Judged) {
    if !store.traces.are_on() {
        return;
    }
    if batch.trace.elapsed() > SLOW {
        batch.trace.keep("slow");
    }
    let all = Committed {
        batch,
        judged,
        now_ms: clock::now_ms(),
    };
    let (mut unmoved, mut moved) = (Vec::new(), Vec::new());
    let mut untold = if batch.trace.is_exceptional() {
        store.traces.grant(LINKS_MAX.min(records.len()))
    } else {
        0
    };
    let mut outcomes = (0..).zip(&judged.folded.outcomes);
    for &n in records {
        let entry = &batch.entries[n as usize];
        let outcome = entry
            .content
            .is_ok()
            .then(|| outcomes.next().expect("one for each event"));
        match outcome {
            Some((event, Outcome::Movement { .. })) => {
                let faulty = judged.has_fault(event);
                if faulty {
                    batch.trace.keep("fault");
                }
                if entry.followed || faulty || untold > 0 {
                    untold = untold.saturating_sub(1);
                    moved.push((entry, outcome));
                }
            }
            _ => unmoved.push((entry, outcome)),
        }
    }
    for &(entry, outcome) in &unmoved {
        batch.trace.keep(all.outcome(entry, outcome).0);
    }
    let span = |(entry, outcome)| all.event(entry, outcome);
    let (unmoved, moved) = (unmoved.into_iter().map(span), moved.into_iter().map(span));
    store
        .traces
        .events(&store.source, &batch.trace, unmoved, moved, clock::now());
}

/// What the events of one attempt share.
struct Committed<'a> {
    batch: &'a Batch,
    judged: &'a Judged,
    now_ms: i64,
}

impl<'a> Committed<'a> {
    fn event(&self, entry: &'a Entry, outcome: Option<(u32, &Outcome)>) -> Event<'a> {
        let Committed { batch, judged, .. } = *self;
        let read = entry.content.as_ref().ok();
        let (name, code) = self.outcome(entry, outcome);
        let (before, after) = outcome.map_or((None, None), |(_, outcome)| around(outcome));
        let said = outcome.and_then(|(_, outcome)| said(outcome));
        let age_ms = self.now_ms.saturating_sub(entry.timestamp_ms);
        Event {
            producer: entry.producer.as_ref(),
            partition: entry.partition,
            offset: entry.offset,
            id: read.and_then(|read| Some(read.event.key?.0)),
            bytes: batch.value(entry).len(),
            sku: read.map(|read| batch.skus[read.event.slot as usize].as_ref()),
            outcome: name,
            code,
            before,
            after,
            rule: said.map(|said| {
                (
                    judged.rules.rule(said),
                    judged.rules.bundle(said).to_string(),
                )
            }),
            flags: outcome.map_or_else(Vec::new, |(event, _)| judged.flags(event).collect()),
            votes: outcome.map_or_else(Vec::new, |(event, _)| judged.votes(event).collect()),
            revision: judged.rules.revision(),
            age: Duration::from_millis(u64::try_from(age_ms).unwrap_or(0)),
        }
    }

    fn outcome(
        &self,
        entry: &'a Entry,
        outcome: Option<(u32, &Outcome)>,
    ) -> (&'static str, &'a str) {
        match (&entry.content, outcome) {
            (Ok(_), Some((_, outcome))) => self.judged.labels(outcome),
            (Err(malformed), _) => ("malformed", malformed.code()),
            (Ok(_), None) => unreachable!("each event has an outcome"),
        }
    }
}

/// The product before and after.
fn around(outcome: &Outcome) -> (Option<Stock>, Option<Stock>) {
    let stock = |version, units| Some(Stock { version, units });
    match outcome {
        &Outcome::Movement {
            change,
            stock_after,
            version,
        } => {
            let before = stock(version - 1, stock_after.saturating_sub(change));
            (before, stock(version, stock_after))
        }
        Outcome::Refused { seen, .. } | Outcome::Parked { seen, .. } => {
            let met = |seen: Seen| stock(seen.version, seen.stock);
            (seen.and_then(met), None)
        }
    }
}

/// The rule that decided.
fn said(outcome: &Outcome) -> Option<Said> {
    match outcome {
        Outcome::Movement { .. } => None,
        Outcome::Refused { refusal, .. } => refusal.said(),
        Outcome::Parked { hold, .. } => hold.said(),
    }
}
