//! Receivers that die, refuse or never answer: they cost spans, and no event.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use plimsoll_sandbox::workload::Produced;
use plimsoll_tests::ours::{self, Plimsoll};
use plimsoll_tests::record::adjust;

use crate::jaeger::trace;
use crate::record::send;
use crate::{PATIENCE, jaeger, laid_out_at, started, trace_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_dies_under_load_costs_spans_and_no_event() {
    // The other one first, so that it does not take the ports of a killed one.
    jaeger();
    let Some(mut jaeger) = started() else { return };
    let settings = laid_out_at(&jaeger.otlp_url(), "sample_ratio = 1").await;
    let mut plimsoll = Plimsoll::start_ready(&settings).expect("it starts");
    send(&settings, (0..2_000).map(sale));
    ours::until_applied(&settings, PATIENCE)
        .await
        .expect("all is applied");
    let before = dropped(&plimsoll).expect("a counter");
    jaeger.kill9().expect("it is killed");
    send(&settings, (2_000..6_000).map(sale));
    ours::until_applied(&settings, PATIENCE)
        .await
        .expect("nothing waits for traces");
    spans_are_lost(&mut plimsoll, before);
    jaeger.start_again().expect("it starts again");
    send(&settings, [adjust("SKU1", -1_000_000, "too many")]);
    ours::until_applied(&settings, PATIENCE)
        .await
        .expect("all is applied");
    plimsoll.stop().expect("it drains");
    let id = trace_of(
        &settings,
        "SELECT trace_id::text FROM refusals WHERE outcome = 'rejected'",
    )
    .await;
    let spans = trace(&jaeger, &id.expect("a trace").replace('-', "")).await;
    assert!(spans.is_some(), "what happens now is seen again");
}

fn sale(n: usize) -> Produced {
    adjust(&format!("SKU{}", n % 10), 1, &format!("sale {n}"))
}

/// Waits until more than so many have been dropped.
fn spans_are_lost(plimsoll: &mut Plimsoll, before: f64) {
    plimsoll
        .until("dropped spans are counted", |plimsoll| {
            Ok(dropped(plimsoll)? > before)
        })
        .expect("spans were lost");
}

fn dropped(plimsoll: &Plimsoll) -> anyhow::Result<f64> {
    let text = plimsoll.get("/metrics")?;
    let mut lines = text.lines();
    let count = lines.find_map(|line| line.strip_prefix("plimsoll_spans_dropped_total "));
    Ok(count.unwrap_or_default().parse()?)
}

/// Listens, and does this with each connection.
fn receiver(answer: impl FnMut(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(answer));
    format!("http://127.0.0.1:{port}")
}

/// All is applied, what was not sent is counted, and the end comes in time.
async fn costs_spans_and_no_event(receiver: &str) {
    let settings = laid_out_at(receiver, "sample_ratio = 1").await;
    let mut plimsoll = Plimsoll::start_ready(&settings).expect("it starts");
    send(&settings, (0..6_000).map(sale));
    ours::until_applied(&settings, PATIENCE)
        .await
        .expect("nothing waits for traces");
    spans_are_lost(&mut plimsoll, 0.0);
    plimsoll.stop().expect("it drains");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_refuses_costs_spans_and_no_event() {
    let refuses = receiver(|mut connection| {
        let mut request = [0; 4096];
        // Whoever has hung up needs no answer.
        let _read = connection.read(&mut request);
        let answer =
            b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        connection.write_all(answer).ok();
    });
    costs_spans_and_no_event(&refuses).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_never_answers_costs_spans_and_no_event() {
    let mut kept = Vec::new();
    let never = receiver(move |connection| kept.push(connection));
    costs_spans_and_no_event(&never).await;
}
