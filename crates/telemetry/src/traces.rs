//! Traces over OTLP: started, configured, ended. What is in a span stands in [`spans`], which of
//! them leave the process in `tail`. Knows no event and no transaction.

mod allowance;
mod outlet;
pub mod spans;
mod tail;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{
    OTEL_EXPORTER_OTLP_HEADERS, OTEL_EXPORTER_OTLP_TRACES_HEADERS, Protocol, SpanExporter,
    WithExportConfig, WithHttpConfig,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider,
};
use opentelemetry_semantic_conventions::attribute::{SERVICE_INSTANCE_ID, SERVICE_VERSION};
use percent_encoding::percent_decode_str;
use thiserror::Error;
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Layer;
use tracing_subscriber::registry::LookupSpan;

use crate::Metrics;
use allowance::Allowance;
use outlet::{Exporter, Outlet, QUEUE_MAX};
use tail::Tail;

/// Spans of one request. Larger ones save little and take longer to lose.
const EXPORT_MAX: usize = 512;
/// A span leaves no later than this.
const EXPORT_DELAY: Duration = Duration::from_secs(1);
/// A request that takes longer is given up, and its spans with it.
const EXPORT_LIMIT: Duration = Duration::from_secs(5);
/// Links of a span, as the OpenTelemetry specification has it: of a batch, the producers of its
/// first records.
pub const LINKS_MAX: usize = 128;

/// Where traces go, and which.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Base address of an OTLP receiver over HTTP, such as `http://localhost:4318`.
    pub endpoint: String,
    /// The share of records without a producer that is followed, 0 to 1, of at most 50,000 a second.
    pub sample_ratio: f64,
    /// Which trace an event's own span belongs to.
    pub event_parent: EventParent,
    /// Names this process among others.
    pub instance: String,
}

/// Which trace an event's own span belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EventParent {
    /// That of its batch, linked with the producer's.
    #[default]
    Batch,
    /// The producer's, linked with that of its batch.
    Producer,
}

/// Why there are no traces.
#[derive(Debug, Error)]
pub enum Error {
    /// The HTTP client cannot be made.
    #[error("no client for traces")]
    Client(#[from] reqwest::Error),
    /// The endpoint is none.
    #[error("no exporter of traces")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
}

/// The traces of one process, if it has any.
pub struct Traces {
    on: Option<On>,
}

struct On {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    outlet: Arc<Outlet>,
    /// Of events that somebody wants to see, of the share of the others, and of those that moved
    /// nothing.
    wanted: Allowance,
    share: Allowance,
    unmoved: Allowance,
    sample_ratio: f64,
    event_parent: EventParent,
}

impl Traces {
    /// None.
    pub fn off() -> Traces {
        Traces { on: None }
    }

    /// Starts a thread that sends what is recorded from now on. Whether somebody receives it is
    /// found out later, and changes nothing but `plimsoll_spans_dropped_total`.
    ///
    /// # Errors
    /// If the settings cannot be used at all.
    pub fn start(settings: &Settings, metrics: Arc<Metrics>) -> Result<Traces, Error> {
        let outlet = Arc::new(Outlet::new(metrics));
        let exporter = Exporter::new(exporter(&settings.endpoint)?, Arc::clone(&outlet));
        let config = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_MAX)
            .with_max_export_batch_size(EXPORT_MAX)
            .with_scheduled_delay(EXPORT_DELAY)
            .build();
        let sending = BatchSpanProcessor::builder(exporter)
            .with_batch_config(config)
            .build();
        Ok(Traces::through(
            Tail::new(sending, Arc::clone(&outlet)),
            outlet,
            settings,
        ))
    }

    fn through<P>(tail: Tail<P>, outlet: Arc<Outlet>, settings: &Settings) -> Traces
    where
        P: opentelemetry_sdk::trace::SpanProcessor + 'static,
    {
        let resource = Resource::builder()
            .with_service_name("plimsoll")
            .with_attribute(KeyValue::new(SERVICE_VERSION, env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new(
                SERVICE_INSTANCE_ID,
                settings.instance.clone(),
            ))
            .build();
        // The tail decides: a conflict or a refusal is known only when the batch has ended.
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOn)
            .with_span_processor(tail)
            .with_resource(resource)
            .build();
        let now = Instant::now();
        let on = On {
            tracer: provider.tracer("plimsoll"),
            provider,
            outlet,
            wanted: Allowance::full(now),
            share: Allowance::of_share(settings.sample_ratio, now),
            unmoved: Allowance::full(now),
            sample_ratio: settings.sample_ratio,
            event_parent: settings.event_parent,
        };
        Traces { on: Some(on) }
    }

    /// Makes spans of what `tracing` is told about traces, and nothing of anything else.
    pub(crate) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let on = self.on.as_ref()?;
        let ours = filter_fn(|it| match it.is_span() {
            true => it.target() == "plimsoll::trace",
            false => it.target().starts_with("plimsoll_") && *it.level() <= Level::WARN,
        });
        let layer = tracing_opentelemetry::layer()
            .with_tracer(on.tracer.clone())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_level(true)
            .with_tracked_inactivity(false)
            .with_context_activation(false);
        Some(layer.with_filter(ours))
    }

    /// Sends what is left, for at most `limit`. May be called from anywhere: it waits in a thread
    /// of its own.
    pub async fn end(&self, limit: Duration) {
        let Some(on) = &self.on else { return };
        let provider = on.provider.clone();
        let (done, ended) = tokio::sync::oneshot::channel();
        thread::spawn(move || {
            if let Err(error) = provider.shutdown_with_timeout(limit) {
                tracing::debug!(%error, "the last traces were not sent: {error}");
            }
            // Nobody waits any more if the limit has passed.
            done.send(()).ok();
        });
        tokio::time::timeout(limit, ended).await.ok();
    }
}

/// Whether somebody answers at `endpoint` as a receiver of traces: sends none and looks.
///
/// # Errors
/// What stands in the way, for people.
pub async fn reach(endpoint: &str) -> Result<(), String> {
    let address = address(endpoint);
    let (tell, told) = tokio::sync::oneshot::channel();
    thread::spawn(move || {
        // Nobody waits any more if the command was ended.
        tell.send(send_nothing(&address)).ok();
    });
    told.await.expect("a panic stops the process")
}

fn send_nothing(address: &str) -> Result<(), String> {
    let client = client(address).map_err(|error| error.to_string())?;
    let mut request = client
        .post(address)
        .header("content-type", "application/x-protobuf");
    for (name, value) in credentials() {
        request = request.header(name, value);
    }
    match request.send() {
        Ok(answer) if answer.status().is_success() => Ok(()),
        Ok(answer) => Err(format!("it answers {}", answer.status())),
        Err(error) => Err(chain(&error)),
    }
}

/// Headers as the exporter reads them: `name=value` with commas between, values as in a URL.
#[expect(
    clippy::disallowed_methods,
    reason = "the exporter, too, reads them from the environment alone"
)]
fn credentials() -> Vec<(String, String)> {
    let set = std::env::var(OTEL_EXPORTER_OTLP_TRACES_HEADERS)
        .or_else(|_| std::env::var(OTEL_EXPORTER_OTLP_HEADERS));
    pairs(&set.unwrap_or_default())
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
        Some((name.trim().to_owned(), value.into_owned()))
    };
    text.split(',').filter_map(pair).collect()
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

fn address(endpoint: &str) -> String {
    format!("{}/v1/traces", endpoint.trim_end_matches('/'))
}

/// The certificates that the system trusts are read only where one is needed.
fn client(address: &str) -> reqwest::Result<reqwest::blocking::Client> {
    let client = reqwest::blocking::Client::builder().timeout(EXPORT_LIMIT);
    match address.starts_with("https:") {
        true => client.build(),
        false => client.tls_certs_only([]).build(),
    }
}

/// A client that blocks belongs to the thread that sends; made where no runtime is, since it
/// brings its own.
fn exporter(endpoint: &str) -> Result<SpanExporter, Error> {
    let address = address(endpoint);
    let made = thread::spawn(move || {
        Ok(SpanExporter::builder()
            .with_http()
            .with_http_client(client(&address)?)
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(address)
            .with_timeout(EXPORT_LIMIT)
            .build()?)
    });
    made.join().expect("a panic stops the process")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_the_exporter_reads_them() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            pairs("authorization=Basic%20dXNlcjpwYXNz, tenant = shop=1,bad"),
            [
                header("authorization", "Basic dXNlcjpwYXNz"),
                header("tenant", "shop=1")
            ]
        );
        assert_eq!(pairs(""), []);
    }
}
