//! The spans of rules: one for each, as long as all its calls about a batch took together. They
//! stand one behind the other, since calls of several rules take turns.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{Span, Tracer};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{count, key};
use crate::Traces;

/// What one rule cost in one batch.
pub struct Cost<'a> {
    /// Its name.
    pub rule: &'a str,
    /// How many events it was asked about, those included whose answer was not used.
    pub questions: u64,
    /// Fuel.
    pub fuel: u64,
    /// Time.
    pub duration: Duration,
}

impl Traces {
    /// Makes the spans of the rules that were asked in the span that is open now.
    pub fn rules<'a>(&self, mut began: SystemTime, costs: impl Iterator<Item = Cost<'a>>) {
        let Some(on) = &self.on else { return };
        let parent = tracing::Span::current().context();
        for cost in costs {
            let ended = began + cost.duration;
            let mut span = on
                .tracer
                .span_builder(format!("rule {}", cost.rule))
                .with_start_time(began)
                .with_attributes([
                    key("plimsoll.rule", cost.rule.to_owned()),
                    key("plimsoll.rule.questions", count(cost.questions)),
                    key("plimsoll.rule.fuel", count(cost.fuel)),
                ])
                .start_with_context(&on.tracer, &parent);
            span.end_with_timestamp(ended);
            began = ended;
        }
    }
}
