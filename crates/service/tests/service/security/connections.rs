//! Clients that send too much, too slowly, or nothing: each costs a bounded piece of memory for a
//! bounded time, and none keeps an orchestrator's probe waiting.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::history;
use crate::service::Service;
use crate::support::until;

/// Far above the connections that the service holds at once.
const SLOW_CLIENTS: usize = 300;

/// An orchestrator has given up by then. A probe that waits until a slow client is let go, after
/// five seconds, never gets its answer.
const PATIENCE: Duration = Duration::from_secs(4);

fn service() -> Service {
    Service::start(&history::database(), &["kafka.brokers=127.0.0.1:1"])
}

/// A client that sent this much of a request, and now is silent.
fn slow(service: &Service, sent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(service.address()).expect("it listens");
    stream
        .write_all(sent.as_bytes())
        .expect("the system takes it");
    stream
}

fn has_ended(mut stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("it can be asked");
    match stream.read(&mut [0; 64]) {
        Err(error) => error.kind() != ErrorKind::WouldBlock,
        Ok(bytes) => bytes == 0,
    }
}

/// All that a client still gets; a connection that is reset has ended, too.
fn rest(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn many_slow_clients_keep_no_probe_from_its_answer() {
    let service = service();
    let begun = [
        "",
        "GET /livez HTT",
        "GET /livez HTTP/1.1\r\nHost: x\r\nLong: ",
    ];
    let mut clients: VecDeque<TcpStream> = VecDeque::new();
    for probe in ["/livez", "/readyz", "/metrics"] {
        until(probe, || {
            // Whoever was let go comes again.
            clients.retain(|client| !has_ended(client));
            for sent in begun.into_iter().cycle().take(SLOW_CLIENTS - clients.len()) {
                clients.push_back(slow(&service, sent));
            }
            let head = "HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            let stream = slow(&service, &format!("GET {probe} {head}"));
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            rest(stream).starts_with("HTTP/1.1 ").then_some(())
        });
    }
}

#[test]
fn a_client_that_does_not_finish_its_headers_is_let_go() {
    let service = service();
    for sent in ["", "GET /livez HTT", "GET /livez HTTP/1.1\r\nHost: x\r\n"] {
        let stream = slow(&service, sent);
        until("its end", || has_ended(&stream).then_some(()));
    }
}

#[test]
fn a_request_that_is_too_large_is_refused_and_its_rest_is_not_read() {
    let service = service();
    let long = "x".repeat(1 << 20);
    for (sent, refused) in [
        (format!("GET /{long} HTTP/1.1\r\nHost: x\r\n\r\n"), "4"),
        (
            format!("GET / HTTP/1.1\r\nHost: x\r\nLong: {long}\r\n\r\n"),
            "431",
        ),
        (
            format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1 << 17)),
            "431",
        ),
        (
            "GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n".into(),
            "413",
        ),
        (
            "GET /livez HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n"
                .into(),
            "413",
        ),
    ] {
        let mut stream = TcpStream::connect(service.address()).expect("it listens");
        // Whoever sends on after the refusal may be cut off before it is read.
        let sent_all = stream.write_all(sent.as_bytes()).is_ok();
        let answer = rest(stream);
        let named = answer.starts_with(&format!("HTTP/1.1 {refused}"));
        assert!(named || !sent_all || answer.is_empty(), "{answer:?}");
        assert!(!answer.starts_with("HTTP/1.1 200"), "{answer:?}");
    }
    assert_eq!(service.get("/livez").0, 200);
}
