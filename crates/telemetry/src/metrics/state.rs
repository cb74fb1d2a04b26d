//! Gauges of what the whole database holds, and of its proof.

use opentelemetry::metrics::{Counter, Gauge, Meter};

pub(super) struct State {
    pub(super) parked: Gauge<u64>,
    pub(super) parked_oldest: Gauge<f64>,
    pub(super) held_skus: Gauge<u64>,
    pub(super) drift_skus: Gauge<u64>,
    pub(super) broken_skus: Gauge<u64>,
    pub(super) reproved_skus: Counter<u64>,
}

impl State {
    pub(super) fn of(meter: &Meter) -> State {
        let gauge = |name, help| meter.u64_gauge(name).with_description(help).build();
        State {
            parked: gauge("plimsoll_parked", "Events that wait."),
            parked_oldest: meter
                .f64_gauge("plimsoll_parked_oldest_seconds")
                .with_description("How long the oldest parked event has waited.")
                .build(),
            held_skus: gauge("plimsoll_held_skus", "SKUs whose events all wait."),
            drift_skus: gauge(
                "plimsoll_drift_skus",
                "SKUs whose stock was changed past Plimsoll.",
            ),
            broken_skus: gauge("plimsoll_broken_skus", "SKUs whose ledger does not add up."),
            reproved_skus: meter
                .u64_counter("plimsoll_reproved_skus_total")
                .with_description("SKUs whose ledger was proved once more.")
                .build(),
        }
    }
}
