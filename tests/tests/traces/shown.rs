//! What is seen although nobody samples it: whatever moved nothing, and batches that were no
//! ordinary ones.

use plimsoll_sandbox::workload::Produced;
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::record::adjust;
use sea_orm::sqlx::{self, Connection, PgConnection};

use crate::jaeger::{Span, spans_of, trace};
use crate::record::send;
use crate::{PATIENCE, jaeger, laid_out, run_through, the_only, trace_of};

fn of_value(value: &str) -> Produced {
    Produced {
        payload: Some(value.as_bytes().to_vec()),
        ..adjust("SKU1", 0, "")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_that_moved_nothing_has_a_span_and_its_row_names_the_trace() {
    let Some(jaeger) = jaeger() else { return };
    let settings = laid_out(jaeger, "sample_ratio = 0").await;
    let fact = r#"{"product_id":"SKU1","quantity_change":-9,"nature":"fact","event_id":"a fact"}"#;
    send(
        &settings,
        [
            adjust("SKU1", -1, "a sale"),
            adjust("SKU1", -1, "a sale"),
            of_value("no event"),
            of_value(fact),
        ],
    );
    run_through(&settings).await;
    for (outcome, sql) in [
        (
            "duplicate",
            "SELECT trace_id::text FROM refusals WHERE outcome = 'duplicate'",
        ),
        (
            "malformed",
            "SELECT trace_id::text FROM refusals WHERE outcome = 'malformed'",
        ),
        ("parked", "SELECT trace_id::text FROM parked"),
    ] {
        let id = trace_of(&settings, sql).await.expect(outcome);
        let spans = trace(jaeger, &id.replace('-', ""))
            .await
            .expect("it was sent");
        let of_it = |span: &&Span| span.attribute("plimsoll.outcome") == Some(outcome);
        assert_eq!(
            spans.iter().filter(of_it).count(),
            1,
            "{outcome}: {spans:#?}"
        );
        let batch = the_only(&spans, &format!("apply {}", settings.topic));
        let why = format!("plimsoll.sampled_by.{outcome}");
        assert_eq!(batch.attribute(&why), Some("true"));
    }
}

/// Somebody else decided about the product between two batches.
async fn decide_elsewhere(settings: &Settings) {
    let mut connection = PgConnection::connect(&settings.database_url)
        .await
        .expect("a connection");
    let sql = "UPDATE products SET decisions = decisions + 1";
    let done = sqlx::query(sql).execute(&mut connection).await;
    done.expect("it is changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_met_a_conflict_is_seen_with_its_events() {
    let Some(jaeger) = jaeger() else { return };
    let settings = laid_out(jaeger, "sample_ratio = 0").await;
    let plimsoll = Plimsoll::start_ready(&settings).expect("it starts");
    send(&settings, [adjust("SKU1", 1, "first")]);
    ours::until_applied(&settings, PATIENCE)
        .await
        .expect("it is applied");
    decide_elsewhere(&settings).await;
    send(&settings, [adjust("SKU1", 1, "second")]);
    ours::until_applied(&settings, PATIENCE)
        .await
        .expect("it is applied");
    plimsoll.stop().expect("it drains");
    let spans = spans_of(jaeger, &settings.topic).await;
    let met = |span: &&Span| span.attribute("plimsoll.sampled_by.conflict").is_some();
    let batch = spans.iter().find(met);
    let batch = batch.unwrap_or_else(|| panic!("no conflict is seen: {spans:#?}"));
    let of_it = |span: &&Span| {
        span.trace == batch.trace && span.attribute("plimsoll.outcome") == Some("applied")
    };
    assert_eq!(spans.iter().filter(of_it).count(), 1, "{spans:#?}");
}
