//! The metrics that OpenTelemetry's conventions name for any consumer and any client of a
//! database, as Prometheus spells them; ours with the same numbers have more to say.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};
use opentelemetry_semantic_conventions::attribute as convention;

use super::bounds;
use crate::traces::spans::Source;

pub(super) struct Conventions {
    consumed: Counter<u64>,
    process: Histogram<f64>,
    statements: Histogram<f64>,
}

impl Conventions {
    pub(super) fn of(meter: &Meter) -> Conventions {
        let seconds = |name, help| {
            meter
                .f64_histogram(name)
                .with_boundaries(bounds::STAGE_S.to_vec())
                .with_description(help)
                .build()
        };
        Conventions {
            consumed: meter
                .u64_counter("messaging_client_consumed_messages_total")
                .with_description("Records that were applied.")
                .build(),
            process: seconds(
                "messaging_process_duration_seconds",
                "From taking a batch to its commit.",
            ),
            statements: seconds(
                "db_client_operation_duration_seconds",
                "One statement of a batch.",
            ),
        }
    }

    pub(super) fn processed(&self, source: &Source, records: u64, took: Duration) {
        let attributes = source
            .attributes("process")
            .map(|(name, value)| KeyValue::new(name, value));
        self.consumed.add(records, &attributes);
        self.process.record(took.as_secs_f64(), &attributes);
    }

    pub(super) fn statement(
        &self,
        operation: &str,
        table: &str,
        failed: Option<&str>,
        took: Duration,
    ) {
        let mut attributes = vec![
            KeyValue::new(convention::DB_SYSTEM_NAME, "postgresql"),
            KeyValue::new(convention::DB_OPERATION_NAME, operation.to_owned()),
            KeyValue::new(convention::DB_COLLECTION_NAME, table.to_owned()),
        ];
        attributes
            .extend(failed.map(|state| KeyValue::new(convention::ERROR_TYPE, state.to_owned())));
        self.statements.record(took.as_secs_f64(), &attributes);
    }
}
