//! The judge, judged: a right database passes, and each way of breaking one row is noticed by the invariants that
//! promise it, no others.

mod history;
mod looks;
mod sessions;

use std::collections::BTreeSet;

use history::{right_database, scope};
use plimsoll_tests::checker::Invariant::{self, I1, I2, I3, I4, I5, I6, I7, I8, I11, I12, I19};
use plimsoll_tests::checker::{Expect, Findings, Read, at_end, reads};
use plimsoll_tests::servers::{broker, sql};

/// Breaks a right database, and says what is then found.
async fn after(change: &str, expect: Expect) -> Findings {
    let url = right_database().await;
    sql(&url, change).await.expect(change);
    judge(&url, expect).await
}

async fn judge(url: &str, expect: Expect) -> Findings {
    at_end(scope(url, &broker().bootstrap()), expect)
        .await
        .expect("servers answer")
}

async fn breaks(broken: &[Invariant], change: &str) {
    let findings = after(change, Expect::default()).await;
    assert_eq!(
        findings.invariants(),
        broken.iter().copied().collect::<BTreeSet<_>>(),
        "{change}\n{findings}"
    );
}

#[tokio::test]
async fn a_right_database_passes() {
    breaks(&[], "SELECT 1").await;
}

#[tokio::test]
async fn a_deleted_ledger_row() {
    breaks(
        &[I1, I3, I4, I5, I6, I7],
        "DELETE FROM ledger WHERE sku = 'A' AND version = 2",
    )
    .await;
}

#[tokio::test]
async fn a_record_decided_by_older_rules_than_the_one_before_it() {
    let older = "UPDATE ledger SET ruleset_revision = 5 WHERE sku = 'A' AND version = 1";
    breaks(&[I12], older).await;
}

#[tokio::test]
async fn a_deleted_refusal() {
    breaks(&[I5, I7], "DELETE FROM refusals WHERE code = 'below_floor'").await;
}

#[tokio::test]
async fn a_deleted_parked_row() {
    breaks(&[I5, I7], "DELETE FROM parked WHERE sku = 'GHOST'").await;
}

#[tokio::test]
async fn a_deleted_opening() {
    breaks(
        &[I1, I3, I4, I11],
        "DELETE FROM ledger WHERE sku = 'A' AND kind = 'opening'",
    )
    .await;
}

#[tokio::test]
async fn a_deleted_product() {
    breaks(&[I1, I3, I4, I11], "DELETE FROM products WHERE sku = 'C'").await;
}

#[tokio::test]
async fn a_doubled_ledger_row() {
    let double = "INSERT INTO ledger SELECT * FROM ledger WHERE sku = 'A' AND version = 2";
    breaks(&[I1, I3, I4, I5, I6, I7], double).await;
}

#[tokio::test]
async fn an_event_applied_twice_with_versions_and_sums_in_order() {
    breaks(
        &[I5, I6, I7, I8, I11],
        "INSERT INTO ledger SELECT sku, 4, kind, quantity_change, 17, event_key, topic, partition, record_offset
         FROM ledger WHERE sku = 'A' AND version = 2;
         UPDATE products SET current_stock = 17, version = 4 WHERE sku = 'A'",
    )
    .await;
}

#[tokio::test]
async fn a_doubled_refusal() {
    breaks(
        &[I5, I7],
        "INSERT INTO refusals SELECT * FROM refusals WHERE outcome = 'duplicate'",
    )
    .await;
}

#[tokio::test]
async fn a_parked_row_that_is_applied_too() {
    breaks(
        &[I5, I7],
        "INSERT INTO refusals
         SELECT topic, partition, record_offset, 'GHOST', NULL, 'duplicate' FROM parked WHERE sku = 'GHOST'",
    )
    .await;
}

#[tokio::test]
async fn two_movements_swapped() {
    breaks(
        &[I5, I8, I11],
        "UPDATE ledger SET record_offset = 1 - record_offset WHERE sku = 'A' AND version IN (1, 2)",
    )
    .await;
}

#[tokio::test]
async fn a_copy_decided_instead_of_the_first() {
    breaks(
        &[I6, I11],
        "UPDATE ledger SET record_offset = 3 WHERE sku = 'A' AND version = 2;
         UPDATE refusals SET record_offset = 1 WHERE outcome = 'duplicate'",
    )
    .await;
}

#[tokio::test]
async fn an_event_decided_twice() {
    breaks(&[I6, I11], "UPDATE refusals SET outcome = 'rejected', code = 'below_floor' WHERE outcome = 'duplicate'")
        .await;
}

#[tokio::test]
async fn a_nudged_stock() {
    breaks(
        &[I1, I4, I11],
        "UPDATE products SET current_stock = current_stock + 1 WHERE sku = 'A'",
    )
    .await;
}

#[tokio::test]
async fn a_lost_update_that_counts_its_version() {
    breaks(
        &[I1, I4, I11],
        "UPDATE ledger SET stock_after = 3 WHERE sku = 'B' AND version = 5;
         UPDATE products SET current_stock = 3 WHERE sku = 'B'",
    )
    .await;
}

#[tokio::test]
async fn a_nudged_change() {
    breaks(
        &[I1, I4, I11],
        "UPDATE ledger SET quantity_change = 6 WHERE sku = 'A' AND version = 1",
    )
    .await;
}

#[tokio::test]
async fn a_skipped_version() {
    breaks(
        &[I3, I11],
        "UPDATE ledger SET version = 4 WHERE sku = 'A' AND version = 3;
         UPDATE products SET version = 4 WHERE sku = 'A'",
    )
    .await;
}

#[tokio::test]
async fn a_product_version_of_its_own() {
    breaks(
        &[I3, I11],
        "UPDATE products SET version = version + 1 WHERE sku = 'B'",
    )
    .await;
}

#[tokio::test]
async fn a_stock_below_its_floor() {
    breaks(
        &[I2],
        "UPDATE products SET stock_floor = 10 WHERE sku = 'NEVER-MET'",
    )
    .await;
}

#[tokio::test]
async fn a_line_below_the_floor() {
    breaks(
        &[I2, I11],
        "UPDATE ledger SET quantity_change = -15, stock_after = -5 WHERE sku = 'A' AND version = 1;
         UPDATE ledger SET quantity_change = 17 WHERE sku = 'A' AND version = 2",
    )
    .await;
}

#[tokio::test]
async fn a_position_past_the_end() {
    breaks(
        &[I5],
        "UPDATE positions SET next_offset = 12 WHERE partition = 0",
    )
    .await;
}

#[tokio::test]
async fn a_position_before_its_rows() {
    breaks(
        &[I5, I11],
        "UPDATE positions SET next_offset = 1 WHERE partition = 1",
    )
    .await;
}

#[tokio::test]
async fn a_forgotten_position() {
    breaks(&[I5, I11], "DELETE FROM positions WHERE partition = 2").await;
}

#[tokio::test]
async fn a_gap_that_nobody_accepted() {
    breaks(&[I5, I7], "DELETE FROM gaps").await;
}

#[tokio::test]
async fn rows_dropped_below_what_is_retained() {
    let drop = "DELETE FROM ledger WHERE sku = 'B' AND kind = 'opening';
         UPDATE ledger SET kind = 'opening', topic = NULL, partition = NULL, record_offset = NULL
         WHERE sku = 'B' AND version = 4;
         UPDATE positions SET retained_from = 1 WHERE partition = 1";
    breaks(&[], drop).await;
    breaks(
        &[I5, I7, I11],
        &drop.replace("retained_from = 1", "retained_from = 0"),
    )
    .await;
}

#[tokio::test]
async fn a_row_for_an_aborted_record() {
    breaks(
        &[I5, I7],
        "INSERT INTO refusals (topic, partition, record_offset, outcome) VALUES ('history', 0, 8, 'malformed')",
    )
    .await;
}

#[tokio::test]
async fn a_row_for_a_partition_that_is_not_there() {
    breaks(
        &[I5],
        "INSERT INTO refusals (topic, partition, record_offset, outcome) VALUES ('history', 3, 0, 'malformed')",
    )
    .await;
}

#[tokio::test]
async fn a_movement_without_record() {
    breaks(
        &[I5, I7],
        "UPDATE ledger SET record_offset = NULL WHERE sku = 'C' AND kind = 'adjust'",
    )
    .await;
}

#[tokio::test]
async fn a_row_of_another_sku() {
    breaks(&[I5], "UPDATE parked SET sku = 'OTHER' WHERE sku = 'GHOST'").await;
}

#[tokio::test]
async fn a_wrong_event_key() {
    breaks(
        &[I5],
        "UPDATE ledger SET event_key = 'fb54c632-73c7-f19b-fbbd-4971c1951afd' WHERE sku = 'B' AND version = 5",
    )
    .await;
}

#[tokio::test]
async fn an_adjustment_taken_for_a_count() {
    breaks(
        &[I5],
        "UPDATE ledger SET kind = 'count' WHERE sku = 'C' AND version = 1",
    )
    .await;
}

#[tokio::test]
async fn other_bytes_kept() {
    breaks(
        &[I5],
        "UPDATE refusals SET payload = 'not json' WHERE code = 'not_json'",
    )
    .await;
}

#[tokio::test]
async fn an_event_refused_as_malformed() {
    breaks(
        &[I5, I11],
        "UPDATE refusals SET outcome = 'malformed' WHERE code = 'below_floor'",
    )
    .await;
}

#[tokio::test]
async fn a_wrong_code() {
    breaks(
        &[I11],
        "UPDATE refusals SET code = 'stale' WHERE code = 'below_floor'",
    )
    .await;
}

#[tokio::test]
async fn a_refusal_from_stale_knowledge() {
    breaks(
        &[I11],
        "UPDATE refusals SET version_seen = 1, stock_seen = 15 WHERE code = 'below_floor'",
    )
    .await;
}

#[tokio::test]
async fn a_parked_event_overtaken() {
    breaks(
        &[I11],
        "DELETE FROM parked WHERE sku = 'B' AND record_offset = 3;
         INSERT INTO ledger VALUES
             ('B', 6, 'adjust', 1, 5, '00000000-0000-0000-0000-000000000008', 'history', 1, 3);
         UPDATE products SET current_stock = 5, version = 6 WHERE sku = 'B'",
    )
    .await;
}

#[tokio::test]
async fn lag_is_forgiven_only_under_load() {
    let lag = "DELETE FROM parked WHERE sku = 'B'; UPDATE positions SET next_offset = 2 WHERE partition = 1;
               DELETE FROM refusals WHERE partition = 1";
    breaks(&[I5], lag).await;
    let findings = after(
        lag,
        Expect {
            drained: false,
            ..Expect::default()
        },
    )
    .await;
    assert!(findings.is_empty(), "{findings}");
}

#[tokio::test]
async fn a_stock_that_never_was() {
    let url = right_database().await;
    let read = |version, stock| Read {
        sku: "A".into(),
        version,
        stock,
    };
    let findings = reads(&url, &[read(2, 12), read(3, 20), read(2, 12)])
        .await
        .expect("the database answers");
    assert!(findings.is_empty(), "{findings}");
    let findings = reads(&url, &[read(2, 20)])
        .await
        .expect("the database answers");
    assert_eq!(findings.invariants(), BTreeSet::from([I19]));
}
