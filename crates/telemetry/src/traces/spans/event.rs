//! The span of one event: from its record to its row. Made when its batch is committed, and only
//! for events that somebody wants to see.

use std::time::{Duration, Instant, SystemTime};

use opentelemetry::trace::{Link, Span, SpanContext, SpanKind, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use opentelemetry_semantic_conventions::attribute as convention;
use uuid::Uuid;

use super::{Batch, Producer, Source, count, key};
use crate::Traces;
use crate::traces::allowance::Allowance;
use crate::traces::{EventParent, On};

/// A product at one moment.
#[derive(Clone, Copy, Debug)]
pub struct Stock {
    /// Its version.
    pub version: i64,
    /// Units on hand.
    pub units: i64,
}

/// What became of one record.
pub struct Event<'a> {
    /// Its producer.
    pub producer: Option<&'a Producer>,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The identity of the event.
    pub id: Option<u128>,
    /// Bytes of its value.
    pub bytes: usize,
    /// The SKU, if it could be read.
    pub sku: Option<&'a str>,
    /// The outcome, in the words of the tables.
    pub outcome: &'static str,
    /// The code; empty for a movement.
    pub code: &'a str,
    /// What it met.
    pub before: Option<Stock>,
    /// What it left, if it moved.
    pub after: Option<Stock>,
    /// The rule that decided, and its bundle.
    pub rule: Option<(&'a str, String)>,
    /// Codes that rules marked on it.
    pub flags: Vec<&'a str>,
    /// What rules said but acceptance, in words.
    pub votes: Vec<String>,
    /// The ruleset's revision.
    pub revision: i32,
    /// From the record's timestamp to the commit.
    pub age: Duration,
}

impl Traces {
    /// Makes the spans of events, which end with their batch, now. Of those that moved nothing, what
    /// is too much for a second is only counted.
    pub fn events<'a>(
        &self,
        source: &Source,
        batch: &Batch,
        unmoved: impl ExactSizeIterator<Item = Event<'a>>,
        moved: impl Iterator<Item = Event<'a>>,
        ended: SystemTime,
    ) {
        let Some(on) = &self.on else { return };
        let granted = on.grant(&on.unmoved, unmoved.len());
        for event in unmoved.take(granted).chain(moved) {
            on.event(source, batch, &event, ended);
        }
    }
}

impl On {
    pub(super) fn grant(&self, allowance: &Allowance, wanted: usize) -> usize {
        let granted = allowance.take(wanted, Instant::now());
        self.outlet.dropped(wanted - granted);
        granted
    }

    fn event(&self, source: &Source, batch: &Batch, event: &Event<'_>, ended: SystemTime) {
        let ours = batch.context.span().span_context().clone();
        let producers = event.producer.map(Producer::context);
        let (parent, link) = match (self.event_parent, producers) {
            (EventParent::Producer, Some(producer)) => (
                Context::new().with_remote_span_context(producer),
                Some(ours),
            ),
            (_, producer) => (batch.context.clone(), producer),
        };
        let mut span = self
            .tracer
            .span_builder(format!("process {}", source.topic))
            .with_kind(SpanKind::Consumer)
            .with_start_time(batch.began)
            .with_attributes(attributes(source, event))
            .with_links(link.map(linked).into_iter().collect())
            .start_with_context(&self.tracer, &parent);
        span.end_with_timestamp(ended);
    }
}

fn linked(context: SpanContext) -> Link {
    Link::new(context, Vec::new(), 0)
}

fn attributes(source: &Source, event: &Event<'_>) -> Vec<KeyValue> {
    let source = source.attributes("process").into_iter();
    let numbers = numbers(event).into_iter();
    let texts = texts(event).into_iter();
    source
        .map(|(name, text)| key(name, text))
        .chain(numbers.filter_map(|(name, number)| Some(key(name, number?))))
        .chain(texts.filter_map(|(name, text)| Some(key(name, text?))))
        .collect()
}

fn numbers(event: &Event<'_>) -> [(&'static str, Option<i64>); 8] {
    let age_ms = count(event.age.as_millis());
    let (before, after) = (event.before, event.after);
    [
        (convention::MESSAGING_KAFKA_OFFSET, Some(event.offset)),
        (
            convention::MESSAGING_MESSAGE_BODY_SIZE,
            Some(count(event.bytes)),
        ),
        ("plimsoll.ruleset_revision", Some(i64::from(event.revision))),
        ("plimsoll.event_age_ms", Some(age_ms)),
        ("plimsoll.version.before", before.map(|it| it.version)),
        ("plimsoll.stock.before", before.map(|it| it.units)),
        ("plimsoll.version.after", after.map(|it| it.version)),
        ("plimsoll.stock.after", after.map(|it| it.units)),
    ]
}

fn texts(event: &Event<'_>) -> [(&'static str, Option<String>); 9] {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let rule = event.rule.as_ref();
    [
        (
            convention::MESSAGING_DESTINATION_PARTITION_ID,
            Some(event.partition.to_string()),
        ),
        (
            convention::MESSAGING_MESSAGE_ID,
            event.id.map(|id| Uuid::from_u128(id).to_string()),
        ),
        ("plimsoll.sku", event.sku.map(str::to_owned)),
        ("plimsoll.outcome", Some(event.outcome.to_owned())),
        ("plimsoll.code", given(event.code)),
        ("plimsoll.rule", rule.map(|(name, _)| (*name).to_owned())),
        (
            "plimsoll.bundle.digest",
            rule.map(|(_, digest)| digest.clone()),
        ),
        ("plimsoll.flags", given(&event.flags.join(","))),
        ("plimsoll.verdicts", given(&event.votes.join("; "))),
    ]
}
