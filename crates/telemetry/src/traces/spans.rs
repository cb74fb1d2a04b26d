//! The spans: of a batch, of a stage of it, of one event, of one statement, with the attributes of
//! the OpenTelemetry conventions for messaging and databases, and our own beginning with
//! `plimsoll.`. Knows names and shapes; what happened it is told.

mod event;
mod rule;
mod statement;

pub use event::{Event, Stock};
pub use rule::Cost;
pub use statement::{Server, statement};

use std::collections::BTreeSet;
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::{
    SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceId, TraceState,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute as convention;
use parking_lot::Mutex;
use tracing::{Instrument, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{EventParent, LINKS_MAX, Traces};

/// Begins the name of each reason for which a trace was kept, such as `plimsoll.sampled_by.conflict`:
/// one attribute for each, since receivers search for whole values.
pub const SAMPLED_BY: &str = "plimsoll.sampled_by.";

/// Why an event is followed, whatever comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampledBy {
    /// Its producer recorded it.
    Producer,
    /// No producer decided, and it is in the share that is followed all the same.
    Ratio,
}

impl SampledBy {
    /// The reason, as a batch names it.
    pub const fn name(self) -> &'static str {
        match self {
            SampledBy::Producer => "producer",
            SampledBy::Ratio => "ratio",
        }
    }
}

/// What a consumer reads, as its spans and metrics name it.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The topic.
    pub topic: String,
    /// The consumer group.
    pub group: String,
}

/// A producer's span, as a record's `traceparent` and `tracestate` name it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Producer {
    /// Its trace; not 0.
    pub trace: u128,
    /// Its span; not 0.
    pub span: u64,
    /// Whether it was recorded.
    pub sampled: bool,
    /// What its tracers say to each other.
    pub state: Option<Box<str>>,
}

impl Producer {
    /// What is no list of names and values is left out, as the standard asks.
    fn context(&self) -> SpanContext {
        let state = self.state.as_deref().map(TraceState::from_str);
        SpanContext::new(
            TraceId::from(self.trace),
            SpanId::from(self.span),
            TraceFlags::default().with_sampled(self.sampled),
            true,
            state.and_then(Result::ok).unwrap_or_default(),
        )
    }
}

/// The trace of one batch; nothing at all where there are no traces.
pub struct Batch {
    span: Span,
    /// Carries the trace's id into log lines, and nothing else.
    line: Span,
    context: Context,
    began: SystemTime,
    clock: Instant,
    /// Spans of events belong to their producers' traces.
    joins: bool,
    why: Mutex<BTreeSet<&'static str>>,
}

impl Traces {
    /// Begins the trace of a batch.
    pub fn batch(&self, source: &Source, began: SystemTime) -> Batch {
        let Some(on) = &self.on else {
            return Batch::none();
        };
        let name = format!("apply {}", source.topic);
        let span = tracing::info_span!(
            target: "plimsoll::trace", parent: None, "apply", otel.name = name, otel.kind = "consumer"
        );
        for (key, value) in source.attributes("apply") {
            span.set_attribute(key, value);
        }
        let context = span.context();
        let trace_id = context.span().span_context().trace_id();
        let line = tracing::info_span!(target: "plimsoll::line", parent: None, "batch", %trace_id);
        Batch {
            span,
            line,
            context,
            began,
            clock: Instant::now(),
            joins: on.event_parent == EventParent::Producer,
            why: Mutex::default(),
        }
    }

    /// Who follows the event of a record; the share is one of all positions.
    pub fn follows(
        &self,
        producer: Option<&Producer>,
        partition: i32,
        offset: i64,
    ) -> Option<SampledBy> {
        let on = self.on.as_ref()?;
        match producer {
            Some(producer) => producer.sampled.then_some(SampledBy::Producer),
            None => (chance(partition, offset) < on.sample_ratio).then_some(SampledBy::Ratio),
        }
    }

    /// How many of so many events that somebody wants to see are followed indeed; the others count
    /// as dropped.
    pub fn grant(&self, wanted: usize) -> usize {
        let Some(on) = &self.on else { return 0 };
        on.grant(&on.wanted, wanted)
    }

    /// How many of so many events of one batch that are in the share are followed indeed: all or
    /// none, because the spans of a batch cost more than those of a few of its events. Nobody asked
    /// for them, so the others are not dropped.
    pub fn sample(&self, wanted: usize) -> usize {
        let Some(on) = &self.on else { return 0 };
        on.share.take_whole(wanted, Instant::now())
    }

    /// Whether there are any.
    pub fn are_on(&self) -> bool {
        self.on.is_some()
    }
}

impl Source {
    pub(crate) fn attributes(&self, operation: &'static str) -> [(&'static str, String); 5] {
        [
            (convention::MESSAGING_SYSTEM, "kafka".into()),
            (convention::MESSAGING_OPERATION_NAME, operation.into()),
            (convention::MESSAGING_OPERATION_TYPE, "process".into()),
            (convention::MESSAGING_DESTINATION_NAME, self.topic.clone()),
            (
                convention::MESSAGING_CONSUMER_GROUP_NAME,
                self.group.clone(),
            ),
        ]
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        for why in self.why.lock().iter() {
            self.span.set_attribute(format!("{SAMPLED_BY}{why}"), true);
        }
    }
}

impl Batch {
    /// No trace.
    pub fn none() -> Batch {
        Batch {
            span: Span::none(),
            line: Span::none(),
            context: Context::new(),
            began: SystemTime::UNIX_EPOCH,
            clock: Instant::now(),
            joins: false,
            why: Mutex::default(),
        }
    }

    /// Since the batch was taken.
    pub fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    /// Whether more happened to it than that somebody follows one of its events.
    pub fn is_exceptional(&self) -> bool {
        let ordinary = [SampledBy::Producer.name(), SampledBy::Ratio.name()];
        !self.why.lock().iter().all(|why| ordinary.contains(why))
    }

    /// Links the batch with the first of its records' producers.
    pub fn read<'a>(&self, records: usize, producers: impl Iterator<Item = &'a Producer>) {
        let count = count(records);
        self.span
            .set_attribute(convention::MESSAGING_BATCH_MESSAGE_COUNT, count);
        let mut linked = BTreeSet::new();
        for producer in producers {
            if linked.len() == LINKS_MAX {
                break;
            }
            if linked.insert(producer) {
                self.span.add_link(producer.context());
            }
        }
    }

    /// The id of its trace.
    pub fn trace_id(&self) -> Option<u128> {
        let id = self.context.span().span_context().trace_id();
        (id != TraceId::INVALID).then(|| u128::from_be_bytes(id.to_bytes()))
    }

    /// The trace that has the span of an event of this producer, if it has one.
    pub fn shows(&self, producer: Option<&Producer>) -> Option<u128> {
        match producer {
            Some(producer) if producer.sampled || self.joins => Some(producer.trace),
            other => self.trace_id().or(other.map(|it| it.trace)),
        }
    }

    /// Says why the trace is to be seen.
    pub fn keep(&self, why: &'static str) {
        self.why.lock().insert(why);
    }

    /// Work that belongs to it.
    pub fn around<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work.instrument(self.span.clone())
            .instrument(self.line.clone())
    }

    /// The same for work that does not wait.
    pub fn within<T>(&self, work: impl FnOnce() -> T) -> T {
        self.line.in_scope(|| self.span.in_scope(work))
    }
}

/// A part of the work that goes on now.
pub fn stage(name: &'static str) -> Span {
    tracing::info_span!(target: "plimsoll::trace", "stage", otel.name = name)
}

/// Says that the work of a span came to nothing, and why.
pub fn failed(span: &Span, kind: impl Into<opentelemetry::Value>, why: String) {
    span.set_attribute(convention::ERROR_TYPE, kind);
    span.set_status(Status::error(why));
}

/// Between 0 and 1, the same each time a record is read.
fn chance(partition: i32, offset: i64) -> f64 {
    let mut bits = offset.cast_unsigned() ^ (u64::from(partition.cast_unsigned()) << 40);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

fn count(n: impl TryInto<i64>) -> i64 {
    n.try_into().unwrap_or(i64::MAX)
}

fn key(key: &'static str, value: impl Into<opentelemetry::Value>) -> KeyValue {
    KeyValue::new(key, value)
}
