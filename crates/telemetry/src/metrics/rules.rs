//! The metrics of rules. Their label `bundle` is the name in a bundle's manifest, so there are as
//! many as active rulesets name.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

use super::bounds;

/// What rules cost, and what they did wrong.
#[derive(Debug)]
pub struct Rules {
    duration: Histogram<f64>,
    fuel: Histogram<u64>,
    faults: Counter<u64>,
    shadow_differences: Counter<u64>,
}

impl Rules {
    pub(super) fn of(meter: &Meter) -> Rules {
        let counter = |name, help| meter.u64_counter(name).with_description(help).build();
        Rules {
            duration: meter
                .f64_histogram("plimsoll_rule_duration_seconds")
                .with_boundaries(bounds::RULE_S.to_vec())
                .with_description("Asking one rule about one batch, all rounds together.")
                .build(),
            fuel: meter
                .u64_histogram("plimsoll_rule_fuel")
                .with_boundaries(bounds::FUEL.to_vec())
                .with_description("Fuel that one rule burnt for an event, on average over a batch.")
                .build(),
            faults: counter(
                "plimsoll_rule_faults_total",
                "Events for which a rule gave no valid answer.",
            ),
            shadow_differences: counter(
                "plimsoll_shadow_differences_total",
                "Events that a shadow rule would have decided otherwise.",
            ),
        }
    }

    /// One rule was asked `questions` questions about one batch. Several bindings of a name count
    /// together.
    ///
    /// `plimsoll_rule_duration_seconds{bundle}` is how long that took, all rounds of the batch
    /// together: what the rule adds to the age of every event in it.
    ///
    /// `plimsoll_rule_fuel{bundle}` is fuel for each event, on average over the batch, so that it
    /// can be held against the budget in the manifest, which a rule must not exceed. In small
    /// batches it includes most of what a call costs by itself.
    pub fn asked(&self, bundle: &str, took: Duration, fuel: u64, questions: u64) {
        let label = [label(bundle)];
        self.duration.record(took.as_secs_f64(), &label);
        if let Some(each) = fuel.checked_div(questions) {
            self.fuel.record(each, &label);
        }
    }

    /// `plimsoll_rule_faults_total{bundle,kind}`: a rule gave no valid answer for an event, which
    /// was parked or refused for it; or, of a shadow, for nothing. `kind` is `trap`, `fuel`,
    /// `deadline`, `memory` or `contract`. Each is a defect of the rule.
    pub fn fault(&self, bundle: &str, kind: &'static str) {
        self.faults
            .add(1, &[label(bundle), KeyValue::new("kind", kind)]);
    }

    /// `plimsoll_shadow_differences_total{bundle}`: this many events would have had another outcome
    /// or other marks, had the rule been enforced. 0 over a day of traffic means that enforcing it
    /// changes nothing.
    pub fn shadow_differences(&self, bundle: &str, events: u64) {
        self.shadow_differences.add(events, &[label(bundle)]);
    }
}

fn label(bundle: &str) -> KeyValue {
    KeyValue::new("bundle", bundle.to_owned())
}
