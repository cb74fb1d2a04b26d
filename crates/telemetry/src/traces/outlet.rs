//! What waits to be sent, counted: a receiver that is slow or away costs spans, never events.
//! Knows nothing of what is in a span.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use crate::Metrics;

/// Spans that wait to be sent at most, about 1 KB each.
pub(super) const QUEUE_MAX: usize = 8192;

/// How full the queue is.
#[derive(Debug)]
pub(super) struct Outlet {
    waiting: AtomicUsize,
    metrics: Arc<Metrics>,
}

impl Outlet {
    pub(super) fn new(metrics: Arc<Metrics>) -> Outlet {
        Outlet {
            waiting: AtomicUsize::new(0),
            metrics,
        }
    }

    /// Takes a place in the queue, or counts the span as dropped.
    pub(super) fn enter(&self) -> bool {
        let free = self.waiting.fetch_add(1, Ordering::Relaxed) < QUEUE_MAX;
        if !free {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.dropped(1);
        }
        free
    }

    /// Spans that were not even made, or cannot be sent.
    pub(super) fn dropped(&self, spans: usize) {
        if spans > 0 {
            self.metrics.spans_dropped(spans as u64);
        }
    }

    fn left(&self, spans: usize) {
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
    }
}

/// Sends, and says what left the queue.
#[derive(Debug)]
pub(super) struct Exporter<E> {
    inner: E,
    outlet: Arc<Outlet>,
    failing: AtomicBool,
}

impl<E> Exporter<E> {
    pub(super) fn new(inner: E, outlet: Arc<Outlet>) -> Exporter<E> {
        Exporter {
            inner,
            outlet,
            failing: AtomicBool::new(false),
        }
    }

    /// One line when it begins to fail, and one when it works again.
    fn tell(&self, sent: &OTelSdkResult) {
        let failed_before = self.failing.swap(sent.is_err(), Ordering::Relaxed);
        match sent {
            Err(error) if !failed_before => {
                tracing::warn!(%error, "traces are not received and spans are dropped: {error}");
            }
            Ok(()) if failed_before => tracing::info!("traces are received again"),
            Ok(()) | Err(_) => {}
        }
    }
}

impl<E: SpanExporter> SpanExporter for Exporter<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.inner.export(batch).await;
        self.outlet.left(spans);
        if sent.is_err() {
            self.outlet.dropped(spans);
        }
        self.tell(&sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
