//! The section [telemetry].

use plimsoll_telemetry::logs::Format;
use plimsoll_telemetry::traces::{EventParent, Settings};
use url::Url;

use super::finding::Wrong;
use super::reader::Reader;
use super::values::choice;

/// How the process tells what it does.
#[derive(Clone, Debug)]
pub(crate) struct Telemetry {
    pub(crate) log_format: Format,
    /// `error`, `warn`, `info` or `debug`; of our own lines, not of the libraries'.
    pub(crate) log_level: &'static str,
    /// Where traces go.
    otlp_endpoint: Option<String>,
    /// The share of records without a sampled producer that is followed.
    sample_ratio: f64,
    event_parent: EventParent,
    /// Where a person sees a trace, with `{trace_id}` in it.
    pub(crate) trace_url: Option<String>,
}

impl Telemetry {
    /// How traces are made, if they are; `instance` names this process.
    pub(crate) fn traces(&self, instance: String) -> Option<Settings> {
        Some(Settings {
            endpoint: self.otlp_endpoint.clone()?,
            sample_ratio: self.sample_ratio,
            event_parent: self.event_parent,
            instance,
        })
    }

    /// Where a person sees this trace.
    pub(crate) fn link(&self, trace_id: &str) -> Option<String> {
        let url = self.trace_url.as_ref()?;
        Some(url.replace(TRACE_ID, trace_id))
    }
}

const LEVELS: [&str; 4] = ["error", "warn", "info", "debug"];

/// What stands for the trace in an address.
const TRACE_ID: &str = "{trace_id}";

pub(super) fn read(reader: &mut Reader) -> Telemetry {
    let parents = [
        ("batch", EventParent::Batch),
        ("producer", EventParent::Producer),
    ];
    Telemetry {
        log_format: reader.read(
            "telemetry.log_format",
            choice(&[("human", Format::Human), ("json", Format::Json)]),
        ),
        log_level: reader.read(
            "telemetry.log_level",
            choice(&LEVELS.map(|level| (level, level))),
        ),
        otlp_endpoint: reader.read("telemetry.otlp_endpoint", endpoint),
        sample_ratio: reader.read("telemetry.sample_ratio", share),
        event_parent: reader.read("telemetry.event_parent", choice(&parents)),
        trace_url: reader.read("telemetry.trace_url", trace_url),
    }
}

fn endpoint(text: &str) -> Result<Option<String>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    let fix = "Write the receiver's base address for OTLP over HTTP, such as http://localhost:4318";
    let url = Url::parse(text).ok().filter(is_http);
    let url = url.ok_or_else(|| Wrong::new(format!("`{text}` is not an HTTP address"), fix))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Wrong::new(
            "an address with a user or password is written to logs".to_owned(),
            "Take them out, and give them by the variable OTEL_EXPORTER_OTLP_HEADERS, such as \
             authorization=Basic%20dXNlcjpwYXNz",
        ));
    }
    match url.path() {
        "/v1/traces" => Err(Wrong::new(
            "the path /v1/traces is added by Plimsoll".to_owned(),
            fix,
        )),
        _ => Ok(Some(text.to_owned())),
    }
}

fn is_http(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https")
}

fn share(text: &str) -> Result<f64, Wrong> {
    let number = text
        .parse()
        .ok()
        .filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| {
        Wrong::new(
            format!("`{text}` is not a share"),
            "Write a number from 0 to 1, such as 0.01",
        )
    })
}

fn trace_url(text: &str) -> Result<Option<String>, Wrong> {
    if text.is_empty() {
        return Ok(None);
    }
    if !text.contains(TRACE_ID) {
        return Err(Wrong::new(
            format!("`{text}` names no trace"),
            "Write an address with {trace_id} in it, such as http://localhost:16686/trace/{trace_id}",
        ));
    }
    Ok(Some(text.to_owned()))
}
