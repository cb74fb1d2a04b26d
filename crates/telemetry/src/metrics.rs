//! The metrics: each a method that says what it counts. They may be called from any thread, and
//! none of them waits.

pub mod partitions;
pub mod rules;

mod bounds;
mod conventions;
mod state;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge, Histogram, Meter, MeterProvider};
use opentelemetry_prometheus::ResourceSelector;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Registry, TextEncoder};

use conventions::Conventions;
use partitions::Partitions;
use rules::Rules;
use state::State;

use crate::traces::spans::Source;

/// All metrics of one process.
pub struct Metrics {
    events: Counter<u64>,
    event_age: Histogram<f64>,
    batch_duration: Histogram<f64>,
    batch_records: Histogram<u64>,
    conflicts: Counter<u64>,
    retries: Counter<u64>,
    lock_wait: Histogram<f64>,
    fenced: Counter<u64>,
    ruleset_revision: Gauge<u64>,
    spans_dropped: Counter<u64>,
    state: State,
    conventions: Conventions,
    rules: Rules,
    partitions: Arc<Partitions>,
    registry: Registry,
    /// Collects for the registry as long as it lives.
    _provider: SdkMeterProvider,
}

impl Metrics {
    /// Metrics that nothing was counted in yet.
    pub fn new() -> Metrics {
        let registry = Registry::new();
        let provider = provider(&registry);
        let meter = provider.meter("plimsoll");
        let metrics = Metrics::of(&meter, registry, provider);
        metrics.conflicts.add(0, &[]);
        metrics.fenced.add(0, &[]);
        metrics.spans_dropped(0);
        metrics.ruleset_revision(0);
        metrics.reproved(0);
        metrics
    }

    fn of(meter: &Meter, registry: Registry, provider: SdkMeterProvider) -> Metrics {
        let counter = |name, help| meter.u64_counter(name).with_description(help).build();
        let gauge = |name, help| meter.u64_gauge(name).with_description(help).build();
        let seconds = |name, bounds: &[f64], help| {
            meter
                .f64_histogram(name)
                .with_boundaries(bounds.to_vec())
                .with_description(help)
                .build()
        };
        Metrics {
            events: counter("plimsoll_events_total", "Records with an outcome."),
            event_age: seconds(
                "plimsoll_event_age_seconds",
                &bounds::AGE_S,
                "Record timestamp to commit.",
            ),
            batch_duration: seconds(
                "plimsoll_batch_duration_seconds",
                &bounds::STAGE_S,
                "One stage of a batch.",
            ),
            batch_records: meter
                .u64_histogram("plimsoll_batch_records")
                .with_boundaries(bounds::RECORDS.to_vec())
                .with_description("Records of a committed batch.")
                .build(),
            conflicts: counter(
                "plimsoll_conflicts_total",
                "Lost updates that did not happen.",
            ),
            retries: counter("plimsoll_retries_total", "Batches that started again."),
            lock_wait: seconds(
                "plimsoll_lock_wait_seconds",
                &bounds::WAIT_S,
                "Waiting for the locks of SKUs.",
            ),
            fenced: counter(
                "plimsoll_fenced_total",
                "Partitions found with another owner when writing.",
            ),
            ruleset_revision: gauge(
                "plimsoll_ruleset_revision",
                "Revision of the active ruleset.",
            ),
            spans_dropped: counter("plimsoll_spans_dropped_total", "Spans that were not sent."),
            state: State::of(meter),
            conventions: Conventions::of(meter),
            rules: Rules::of(meter),
            partitions: Partitions::observed_by(meter),
            registry,
            _provider: provider,
        }
    }

    /// `plimsoll_events_total{outcome,code}`: `n` records got this outcome, and their transaction
    /// committed. A movement is `applied` without a code; `parked` counts when an event is parked,
    /// and its final outcome counts again when it is released. Outcomes and codes are those of the
    /// tables: a code is ours or one that a manifest declares, never text out of an event. Its rate is the throughput; any `malformed` or `parked` deserves a look.
    pub fn events(&self, outcome: &'static str, code: &str, n: u64) {
        self.events.add(
            n,
            &[
                KeyValue::new("outcome", outcome),
                KeyValue::new("code", code.to_owned()),
            ],
        );
    }

    /// `plimsoll_event_age_seconds`: how old a record was, by its own timestamp, when its outcome
    /// committed; once for each record. It includes the producer's and the broker's delays, the
    /// difference of their clocks from ours, and all the time the service was not running.
    pub fn event_age(&self, seconds: f64) {
        self.event_age.record(seconds, &[]);
    }

    /// `plimsoll_batch_duration_seconds{stage}`: how long one stage of one batch took, each attempt
    /// of it. Shows where time goes when throughput falls: PostgreSQL, the network or this process.
    pub fn batch(&self, stage: &'static str, took: Duration) {
        self.batch_duration
            .record(took.as_secs_f64(), &[KeyValue::new("stage", stage)]);
    }

    /// `plimsoll_batch_records`: how many records one committed batch had. Small batches are normal
    /// when there is little to do; small ones with growing lag mean that commits are slow.
    pub fn batch_records(&self, n: u64) {
        self.batch_records.record(n, &[]);
    }

    /// `plimsoll_conflicts_total`: a transaction found a product changed since it was read, and
    /// decided again. The race detector of production: each is a lost update that did not happen.
    pub fn conflict(&self) {
        self.conflicts.add(1, &[]);
    }

    /// `plimsoll_retries_total{reason}`: a batch started again from reading, and why. A few are
    /// normal; a steady rate means that work is done twice.
    pub fn retry(&self, reason: &'static str) {
        self.retries.add(1, &[KeyValue::new("reason", reason)]);
    }

    /// `plimsoll_lock_wait_seconds`: how long a batch waited for other lanes of this process that
    /// held its SKUs. Near 0 on a topic that is keyed by SKU.
    pub fn lock_wait(&self, waited: Duration) {
        self.lock_wait.record(waited.as_secs_f64(), &[]);
    }

    /// `plimsoll_fenced_total`: this process tried to write to `n` partitions that had another
    /// owner by then, and wrote nothing. Expected around a rebalance, alarming without one.
    pub fn fenced(&self, n: u64) {
        self.fenced.add(n, &[]);
    }

    /// `plimsoll_parked`: how many events wait now, in the whole database.
    /// `plimsoll_parked_oldest_seconds`: how long the oldest of them has waited; 0 if there is none.
    pub fn parked(&self, events: u64, oldest: Duration) {
        self.state.parked.record(events, &[]);
        self.state.parked_oldest.record(oldest.as_secs_f64(), &[]);
    }

    /// `plimsoll_held_skus`: how many SKUs are held now, in the whole database: all their events
    /// wait, whatever they are.
    pub fn held_skus(&self, skus: u64) {
        self.state.held_skus.record(skus, &[]);
    }

    /// `plimsoll_drift_skus`: how many SKUs have a stock or version now that their last ledger line
    /// does not say: somebody changed them past Plimsoll, and no event has met them since.
    pub fn drift_skus(&self, skus: u64) {
        self.state.drift_skus.record(skus, &[]);
    }

    /// `plimsoll_ruleset_revision`: the revision of the ruleset that decides now; 0 without rules.
    /// Replicas may differ for a moment.
    pub fn ruleset_revision(&self, revision: u64) {
        self.ruleset_revision.record(revision, &[]);
    }

    /// `plimsoll_reproved_skus_total`: the ledgers of `skus` were proved once more, from opening to
    /// product, while events flow. All SKUs divided by its rate is how long a break stays unseen.
    pub fn reproved(&self, skus: u64) {
        self.state.reproved_skus.add(skus, &[]);
    }

    /// `plimsoll_broken_skus`: how many SKUs have a ledger that does not add up, of all that were
    /// proved in the last walk round them or in this one so far. Other than 0 it is a bug, or somebody
    /// else wrote to our tables: the log names one, `plimsoll verify` all. What was changed past
    /// Plimsoll is `plimsoll_drift_skus` and not counted here.
    pub fn broken_skus(&self, skus: u64) {
        self.state.broken_skus.record(skus, &[]);
    }

    /// `plimsoll_spans_dropped_total`: spans that somebody would have seen, but the receiver of
    /// traces is away or slower than we are. No event is late for it.
    pub fn spans_dropped(&self, spans: u64) {
        self.spans_dropped.add(spans, &[]);
    }

    /// `messaging_client_consumed_messages_total`, `messaging_process_duration_seconds`: a batch of so
    /// many records was applied, so long after it was taken.
    pub fn processed(&self, source: &Source, records: u64, took: Duration) {
        self.conventions.processed(source, records, took);
    }

    /// `db_client_operation_duration_seconds{db_operation_name,db_collection_name,error_type}`: how
    /// long PostgreSQL took for one statement of a batch, with the way there and back; of one that
    /// `failed`, its SQLSTATE.
    pub fn statement(&self, operation: &str, table: &str, failed: Option<&str>, took: Duration) {
        self.conventions.statement(operation, table, failed, took);
    }

    /// The metrics of rules.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The metrics of partitions.
    pub fn partitions(&self) -> &Partitions {
        &self.partitions
    }

    /// All of it in Prometheus's text format, for `/metrics`.
    pub fn text(&self) -> String {
        let families = self.registry.gather();
        TextEncoder::new()
            .encode_to_string(&families)
            .expect("each family has a name and a sample")
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Metrics::new()
    }
}

/// A private provider whose names come out exactly as they are given.
fn provider(registry: &Registry) -> SdkMeterProvider {
    let exporter = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .with_resource_selector(ResourceSelector::None)
        .scope_info_enabled(false)
        .without_target_info()
        .without_counter_suffixes()
        .without_units()
        .build()
        .expect("a new registry has no other collector");
    SdkMeterProvider::builder().with_reader(exporter).build()
}
