//! Which traces leave the process: decided when a trace's first span ends, because only then is it
//! known whether its batch met a conflict, a refusal, or took long. Until then its spans wait here.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::{Context, SpanId, TraceId};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use parking_lot::Mutex;

use super::outlet::Outlet;
use super::spans::SAMPLED_BY;

/// Spans of one trace that wait for its end. A batch has about twenty for each attempt; one that
/// is tried all night must not fill the memory.
const SPANS_MAX: usize = 512;

/// The newest spans of a trace that goes on, and how many there were before.
#[derive(Debug, Default)]
struct Waiting {
    spans: VecDeque<SpanData>,
    left_out: usize,
}

/// Passes a trace on, whole, if its first span says why.
#[derive(Debug)]
pub(super) struct Tail<P> {
    next: P,
    outlet: Arc<Outlet>,
    open: Mutex<HashMap<TraceId, Waiting>>,
}

impl<P: SpanProcessor> Tail<P> {
    pub(super) fn new(next: P, outlet: Arc<Outlet>) -> Tail<P> {
        Tail {
            next,
            outlet,
            open: Mutex::default(),
        }
    }

    fn pass(&self, span: SpanData) {
        if self.outlet.enter() {
            self.next.on_end(span);
        }
    }

    fn keep(&self, span: SpanData) {
        let mut open = self.open.lock();
        let waiting = open.entry(span.span_context.trace_id()).or_default();
        if waiting.spans.len() == SPANS_MAX {
            waiting.spans.pop_front();
            waiting.left_out += 1;
        }
        waiting.spans.push_back(span);
    }
}

impl<P: SpanProcessor> SpanProcessor for Tail<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.next.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if span.span_kind == opentelemetry::trace::SpanKind::Consumer && !is_first(&span) {
            // An event's own, made because somebody wants it.
            return self.pass(span);
        }
        if !is_first(&span) {
            return self.keep(span);
        }
        let others = self.open.lock().remove(&span.span_context.trace_id());
        if is_wanted(&span) {
            let others = others.unwrap_or_default();
            self.outlet.dropped(others.left_out);
            others.spans.into_iter().for_each(|span| self.pass(span));
            self.pass(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.next.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.next.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.next.set_resource(resource);
    }
}

fn is_first(span: &SpanData) -> bool {
    span.parent_span_id == SpanId::INVALID
}

fn is_wanted(span: &SpanData) -> bool {
    let is_reason =
        |attribute: &opentelemetry::KeyValue| attribute.key.as_str().starts_with(SAMPLED_BY);
    span.attributes.iter().any(is_reason)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use expect_test::{Expect, expect};
    use opentelemetry::trace::{Span as _, SpanKind, TraceContextExt, Tracer, TracerProvider};
    use opentelemetry::{Context, KeyValue};
    use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};

    use super::*;
    use crate::Metrics;

    /// What left, by name.
    #[derive(Clone, Debug, Default)]
    struct Left(Arc<Mutex<Vec<String>>>);

    impl SpanProcessor for Left {
        fn on_start(&self, _: &mut Span, _: &Context) {}

        fn on_end(&self, span: SpanData) {
            self.0.lock().push(span.name.into_owned());
        }

        fn force_flush(&self) -> OTelSdkResult {
            Ok(())
        }

        fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
            Ok(())
        }
    }

    fn check(work: impl FnOnce(&SdkTracer), expect: Expect) {
        let (left, metrics) = (Left::default(), Arc::new(Metrics::new()));
        let outlet = Arc::new(Outlet::new(Arc::clone(&metrics)));
        let tail = Tail::new(left.clone(), outlet);
        let provider = SdkTracerProvider::builder().with_span_processor(tail);
        work(&provider.build().tracer("test"));
        let text = metrics.text();
        let dropped = text
            .lines()
            .find_map(|it| it.strip_prefix("plimsoll_spans_dropped_total "));
        let left = left.0.lock();
        expect.assert_eq(&format!(
            "{} left, the last {:?}; {} dropped",
            left.len(),
            left.last(),
            dropped.unwrap_or("?")
        ));
    }

    /// A batch with one statement; `wanted` says why it is kept.
    fn batch(tracer: &SdkTracer, wanted: Option<&'static str>) {
        let batch = Context::new().with_span(tracer.start_with_context("batch", &Context::new()));
        tracer.start_with_context("statement", &batch).end();
        if let Some(why) = wanted {
            let why = KeyValue::new(format!("{SAMPLED_BY}{why}"), true);
            batch.span().set_attribute(why);
            let event = tracer.span_builder("event").with_kind(SpanKind::Consumer);
            event.start_with_context(tracer, &batch).end();
        }
        batch.span().end();
    }

    #[test]
    fn a_trace_that_nobody_wants_stays() {
        check(
            |tracer| batch(tracer, None),
            expect!["0 left, the last None; 0 dropped"],
        );
    }

    #[test]
    fn a_trace_that_somebody_wants_leaves_whole() {
        check(
            |tracer| batch(tracer, Some("conflict")),
            expect![[r#"3 left, the last Some("batch"); 0 dropped"#]],
        );
    }

    #[test]
    fn what_finds_no_room_is_counted() {
        check(
            |tracer| (0..3_000).for_each(|_| batch(tracer, Some("ratio"))),
            expect![[r#"8192 left, the last Some("statement"); 808 dropped"#]],
        );
    }

    #[test]
    fn a_batch_that_is_tried_all_night_does_not_fill_the_memory() {
        let all_night = |tracer: &SdkTracer| {
            let batch =
                Context::new().with_span(tracer.start_with_context("batch", &Context::new()));
            (0..2_000).for_each(|_| tracer.start_with_context("attempt", &batch).end());
            batch
                .span()
                .set_attribute(KeyValue::new(format!("{SAMPLED_BY}retry"), true));
            batch.span().end();
        };
        check(
            all_night,
            expect![[r#"513 left, the last Some("batch"); 1488 dropped"#]],
        );
    }
}
