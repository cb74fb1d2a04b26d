//! What `/metrics` says, as a scraper reads it.

use std::time::Duration;

use expect_test::{Expect, expect};
use plimsoll_telemetry::traces::spans::Source;
use plimsoll_telemetry::{Edges, Halted, Metrics, Position};

/// Its last record is as old as the century: the age is a large number.
const POSITION: Position = Position {
    next_offset: 140,
    timestamp_ms: 946_684_800_000,
    fetched: Some(Edges {
        low: 100,
        high: 147,
    }),
};

const RETENTION: Halted<'_> = Halted {
    partition: 1,
    reason: "retention: 7 records are gone",
    next_offset: 60,
};

/// The samples, without help, types and buckets.
fn check(metrics: &Metrics, expect: Expect) {
    let text = metrics.text();
    let samples = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.contains("_bucket{"))
        // It grows while we look.
        .map(
            |line| match line.strip_prefix("plimsoll_partition_lag_seconds{partition=\"0\"} ") {
                Some(age) if age.parse().is_ok_and(|age: f64| age > 8e8) => {
                    "plimsoll_partition_lag_seconds of the century"
                }
                _ => line,
            },
        );
    expect.assert_eq(&samples.collect::<Vec<_>>().join("\n"));
}

fn one_of_each() -> Metrics {
    let metrics = Metrics::new();
    metrics.events("applied", "", 3);
    metrics.events("rejected", "below_floor", 1);
    metrics.event_age(0.004);
    metrics.batch("commit", Duration::from_millis(3));
    metrics.batch_records(4);
    metrics.conflict();
    metrics.retry("transient");
    metrics.lock_wait(Duration::ZERO);
    metrics.fenced(2);
    metrics.parked(5, Duration::from_secs(90));
    metrics.held_skus(1);
    metrics.drift_skus(0);
    metrics.reproved(500);
    metrics.broken_skus(1);
    metrics.spans_dropped(11);
    metrics.statement("UPDATE", "products", None, Duration::from_millis(2));
    let source = Source {
        topic: "inventory-events".to_owned(),
        group: "plimsoll".to_owned(),
    };
    metrics.processed(&source, 4, Duration::from_millis(8));
    metrics.events("rejected", "out_of_stock", 2);
    let rules = metrics.rules();
    rules.asked("no-negative-stock", Duration::from_micros(250), 9_000, 100);
    rules.fault("no-negative-stock", "trap");
    rules.shadow_differences("safety-stock", 3);
    let partitions = metrics.partitions();
    partitions.of_topic(2);
    partitions.show(&[0], &[RETENTION]);
    partitions.moved(0, POSITION);
    partitions.told(1, Some(Edges { low: 67, high: 90 }));
    metrics
}

#[test]
fn counters_without_labels_are_there_at_0_from_the_start() {
    check(
        &Metrics::new(),
        expect![[r#"
            plimsoll_conflicts_total 0
            plimsoll_fenced_total 0
            plimsoll_reproved_skus_total 0
            plimsoll_ruleset_revision 0
            plimsoll_spans_dropped_total 0"#]],
    );
}

#[test]
fn every_metric_has_its_promised_name_and_labels() {
    check(
        &one_of_each(),
        expect![[r#"
            db_client_operation_duration_seconds_sum{db_collection_name="products",db_operation_name="UPDATE",db_system_name="postgresql"} 0.002
            db_client_operation_duration_seconds_count{db_collection_name="products",db_operation_name="UPDATE",db_system_name="postgresql"} 1
            messaging_client_consumed_messages_total{messaging_consumer_group_name="plimsoll",messaging_destination_name="inventory-events",messaging_operation_name="process",messaging_operation_type="process",messaging_system="kafka"} 4
            messaging_process_duration_seconds_sum{messaging_consumer_group_name="plimsoll",messaging_destination_name="inventory-events",messaging_operation_name="process",messaging_operation_type="process",messaging_system="kafka"} 0.008
            messaging_process_duration_seconds_count{messaging_consumer_group_name="plimsoll",messaging_destination_name="inventory-events",messaging_operation_name="process",messaging_operation_type="process",messaging_system="kafka"} 1
            plimsoll_batch_duration_seconds_sum{stage="commit"} 0.003
            plimsoll_batch_duration_seconds_count{stage="commit"} 1
            plimsoll_batch_records_sum 4
            plimsoll_batch_records_count 1
            plimsoll_broken_skus 1
            plimsoll_conflicts_total 1
            plimsoll_drift_skus 0
            plimsoll_event_age_seconds_sum 0.004
            plimsoll_event_age_seconds_count 1
            plimsoll_events_total{code="",outcome="applied"} 3
            plimsoll_events_total{code="below_floor",outcome="rejected"} 1
            plimsoll_events_total{code="out_of_stock",outcome="rejected"} 2
            plimsoll_fenced_total 2
            plimsoll_held_skus 1
            plimsoll_lock_wait_seconds_sum 0
            plimsoll_lock_wait_seconds_count 1
            plimsoll_parked 5
            plimsoll_parked_oldest_seconds 90
            plimsoll_partition_halted{partition="1",reason="retention"} 1
            plimsoll_partition_lag_records{partition="0"} 7
            plimsoll_partition_lag_records{partition="1"} 30
            plimsoll_partition_lag_seconds of the century
            plimsoll_partition_position{partition="0"} 140
            plimsoll_reproved_skus_total 500
            plimsoll_retention_headroom_records{partition="0"} 40
            plimsoll_retention_headroom_records{partition="1"} -7
            plimsoll_retries_total{reason="transient"} 1
            plimsoll_rule_duration_seconds_sum{bundle="no-negative-stock"} 0.00025
            plimsoll_rule_duration_seconds_count{bundle="no-negative-stock"} 1
            plimsoll_rule_faults_total{bundle="no-negative-stock",kind="trap"} 1
            plimsoll_rule_fuel_sum{bundle="no-negative-stock"} 90
            plimsoll_rule_fuel_count{bundle="no-negative-stock"} 1
            plimsoll_ruleset_revision 0
            plimsoll_shadow_differences_total{bundle="safety-stock"} 3
            plimsoll_spans_dropped_total 11
            plimsoll_topic_partitions 2"#]],
    );
}

#[test]
fn the_age_of_an_event_is_counted_from_a_millisecond_to_an_hour() {
    let text = one_of_each().text();
    let bucket = |line| str::strip_prefix(line, "plimsoll_event_age_seconds_bucket{le=\"");
    let bounds: Vec<_> = text
        .lines()
        .filter_map(bucket)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    expect!["0.001 0.002 0.005 0.01 0.02 0.05 0.1 0.2 0.5 1 2 5 10 30 60 300 900 3600 +Inf"]
        .assert_eq(&bounds.join(" "));
}

#[test]
fn a_partition_that_leaves_takes_its_series_along() {
    let metrics = one_of_each();
    metrics.partitions().show(&[2], &[]);
    metrics.partitions().moved(0, POSITION);
    let text = metrics.text();
    assert!(!text.contains("{partition="), "{text}");
    metrics.partitions().moved(2, POSITION);
    assert!(
        metrics
            .text()
            .contains("plimsoll_partition_lag_records{partition=\"2\"} 7")
    );
    assert!(
        !metrics.text().contains("partition=\"1\""),
        "a halt ends with its partition"
    );
}

#[test]
fn the_reason_of_a_halt_is_its_code_alone() {
    let text = one_of_each().text();
    assert!(
        text.contains(r#"plimsoll_partition_halted{partition="1",reason="retention"} 1"#),
        "{text}"
    );
}

#[test]
fn a_partition_that_stays_keeps_what_was_measured() {
    let metrics = one_of_each();
    metrics.partitions().show(&[0, 3], &[]);
    assert!(
        metrics
            .text()
            .contains("plimsoll_partition_lag_records{partition=\"0\"} 7")
    );
}

/// The samples of a log: lag and headroom.
fn of_the_log(metrics: &Metrics) -> String {
    let named = [
        "plimsoll_partition_lag_records{",
        "plimsoll_retention_headroom_records{",
    ];
    let text = metrics.text();
    let samples = text
        .lines()
        .filter(|line| named.iter().any(|name| line.starts_with(name)));
    samples.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_log_is_the_newer_of_what_was_fetched_and_what_was_told() {
    let metrics = one_of_each();
    let partitions = metrics.partitions();
    partitions.told(0, Some(Edges { low: 90, high: 200 }));
    expect![[r#"
        plimsoll_partition_lag_records{partition="0"} 60
        plimsoll_partition_lag_records{partition="1"} 30
        plimsoll_retention_headroom_records{partition="0"} 40
        plimsoll_retention_headroom_records{partition="1"} -7
    "#]]
    .assert_eq(&of_the_log(&metrics));
    partitions.told(
        0,
        Some(Edges {
            low: 139,
            high: 140,
        }),
    );
    expect![[r#"
        plimsoll_partition_lag_records{partition="0"} 7
        plimsoll_partition_lag_records{partition="1"} 30
        plimsoll_retention_headroom_records{partition="0"} 1
        plimsoll_retention_headroom_records{partition="1"} -7
    "#]]
    .assert_eq(&of_the_log(&metrics));
}

#[test]
fn a_log_that_nobody_tells_has_no_lag_and_the_position_stays() {
    let metrics = one_of_each();
    let before = of_the_log(&metrics);
    for _ in 0..3 {
        metrics.partitions().told(0, None);
        metrics.partitions().told(1, None);
        assert_eq!(of_the_log(&metrics), before);
    }
    metrics.partitions().told(0, None);
    metrics.partitions().told(1, None);
    assert_eq!(of_the_log(&metrics), "");
    let position = "plimsoll_partition_position{partition=\"0\"} 140";
    assert!(metrics.text().contains(position));
}

#[test]
fn nothing_is_known_before_the_first_fetch() {
    let metrics = one_of_each();
    let unknown = Position {
        fetched: None,
        ..POSITION
    };
    metrics.partitions().show(&[2], &[]);
    metrics.partitions().moved(2, unknown);
    assert_eq!(of_the_log(&metrics), "");
}

#[test]
fn the_number_of_series_does_not_grow_with_use() {
    let metrics = one_of_each();
    let before = metrics.text().lines().count();
    for n in 1..1000_u32 {
        metrics.events("applied", "", u64::from(n));
        metrics.event_age(f64::from(n));
        metrics.batch("commit", Duration::from_millis(u64::from(n)));
        metrics.batch_records(u64::from(n));
        metrics.events("rejected", "out_of_stock", 1);
        let rules = metrics.rules();
        rules.asked(
            "no-negative-stock",
            Duration::from_micros(1),
            u64::from(n),
            1,
        );
        rules.fault("no-negative-stock", "trap");
        let next_offset = i64::from(n);
        metrics.partitions().moved(
            0,
            Position {
                next_offset,
                ..POSITION
            },
        );
    }
    assert_eq!(metrics.text().lines().count(), before);
}

#[test]
fn codes_without_end_do_not_become_series_without_end() {
    let metrics = Metrics::new();
    for n in 0..5_000 {
        metrics.events("rejected", &format!("code_{n}"), 1);
        metrics.rules().fault(&format!("rule-{n}"), "trap");
    }
    let count = |name| {
        metrics
            .text()
            .lines()
            .filter(|line| line.starts_with(name))
            .count()
    };
    assert!(count("plimsoll_events_total{") <= 2_001);
    assert!(count("plimsoll_rule_faults_total{") <= 2_001);
    assert!(
        metrics
            .text()
            .contains("plimsoll_events_total{otel_metric_overflow")
    );
}

#[test]
fn two_sets_of_metrics_do_not_meet() {
    let (one, other) = (Metrics::new(), Metrics::new());
    one.conflict();
    assert!(one.text().contains("plimsoll_conflicts_total 1"));
    assert!(other.text().contains("plimsoll_conflicts_total 0"));
}
