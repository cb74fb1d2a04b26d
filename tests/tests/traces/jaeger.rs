//! What Jaeger has, over `/api/v3`.

use std::time::Duration;

use plimsoll_sandbox::jaeger::Jaeger;
use plimsoll_tests::ours;
use serde_json::{Value, json};

/// Jaeger stores what it received a moment later.
const PATIENCE: Duration = Duration::from_secs(10);

/// One span.
#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) trace: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    /// Trace, span, state.
    pub(crate) links: Vec<[String; 3]>,
    attributes: Vec<(String, String)>,
}

impl Span {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(|(name, _)| name.as_str())
    }

    fn of(span: &Value) -> Span {
        let link = |link: &Value| ["traceId", "spanId", "traceState"].map(|it| text(&link[it]));
        let attribute = |it: &Value| (text(&it["key"]), value(&it["value"]));
        Span {
            trace: text(&span["traceId"]),
            id: text(&span["spanId"]),
            parent: text(&span["parentSpanId"]),
            name: text(&span["name"]),
            kind: kind(&span["kind"]),
            links: list(&span["links"]).map(link).collect(),
            attributes: list(&span["attributes"]).map(attribute).collect(),
        }
    }
}

/// The spans of one trace, once Jaeger has it.
pub(crate) async fn trace(jaeger: &Jaeger, id: &str) -> Option<Vec<Span>> {
    soon(|| spans(jaeger, &format!("/api/v3/traces/{id}"))).await
}

/// The spans of ours with a link to a producer's trace.
pub(crate) async fn spans_linked_to(jaeger: &Jaeger, producer: &str) -> Vec<Span> {
    let linked = |span: &Span| span.links.iter().any(|[trace, ..]| trace == producer);
    let found = ours_that(jaeger, linked).await;
    found.unwrap_or_else(|| panic!("nothing of ours is linked with {producer}"))
}

/// The spans of ours about this topic, once there is one.
pub(crate) async fn spans_of(jaeger: &Jaeger, topic: &str) -> Vec<Span> {
    let about = |span: &Span| span.attribute("messaging.destination.name") == Some(topic);
    let found = ours_that(jaeger, about).await;
    found.unwrap_or_else(|| panic!("nothing of ours is about {topic}"))
}

async fn ours_that(jaeger: &Jaeger, wanted: impl Fn(&Span) -> bool) -> Option<Vec<Span>> {
    let path = "/api/v3/traces?query.service_name=plimsoll&query.num_traces=1000\
                &query.start_time_min=2020-01-01T00:00:00Z&query.start_time_max=2100-01-01T00:00:00Z";
    soon(|| {
        let mut spans = spans(jaeger, path)?;
        spans.retain(&wanted);
        (!spans.is_empty()).then_some(spans)
    })
    .await
}

/// Sends the span of a shop, as its own producer would.
pub(crate) fn receive_sale(jaeger: &Jaeger, trace: &str, span: &str) {
    let sale = json!({"resourceSpans": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
        "scopeSpans": [{"spans": [{
            "traceId": trace, "spanId": span, "name": "send inventory-events", "kind": 4,
            "startTimeUnixNano": "1790000000000000000", "endTimeUnixNano": "1790000000001000000",
        }]}],
    }]});
    let url = format!("{}/v1/traces", jaeger.otlp_url());
    ureq::post(&url).send_json(sale).expect("Jaeger takes it");
}

fn spans(jaeger: &Jaeger, path: &str) -> Option<Vec<Span>> {
    let mut answer = ureq::get(format!("{}{path}", jaeger.query_url()))
        .call()
        .ok()?;
    let answer: Value = answer.body_mut().read_json().ok()?;
    let resources = list(&answer["result"]["resourceSpans"]);
    let scopes = resources.flat_map(|resource| list(&resource["scopeSpans"]));
    let spans: Vec<Span> = scopes
        .flat_map(|scope| list(&scope["spans"]))
        .map(Span::of)
        .collect();
    (!spans.is_empty()).then_some(spans)
}

async fn soon<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    let mut found = None;
    let waited = ours::until(PATIENCE, "Jaeger has it", async || {
        found = look();
        Ok(found.is_some())
    });
    waited.await.ok()?;
    found
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// By name, or by number.
fn kind(value: &Value) -> String {
    match value.as_u64() {
        Some(3) => "SPAN_KIND_CLIENT".to_owned(),
        Some(5) => "SPAN_KIND_CONSUMER".to_owned(),
        _ => text(value),
    }
}

fn value(value: &Value) -> String {
    let values = value.as_object().into_iter().flat_map(|it| it.values());
    let one = values
        .map(|it| it.as_str().map_or_else(|| it.to_string(), str::to_owned))
        .next();
    one.unwrap_or_default()
}
