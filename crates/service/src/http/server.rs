//! Connections: how many, and how long a client may take. Knows no routes.

use std::collections::VecDeque;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Connections at once. One more, and the oldest is let go: whoever is slow must not keep an
/// orchestrator's probe waiting.
const CONNECTIONS_MAX: usize = 64;

/// A client that takes longer for its headers, or keeps a connection idle for longer, is let go.
const HEADERS_LIMIT: Duration = Duration::from_secs(5);

/// A connection that lasts longer is cut: a client that reads slowly must not keep a place.
const CONNECTION_LIMIT: Duration = Duration::from_secs(60);

/// Bytes of request headers, and of answers waiting to be sent.
const BUFFER_BYTES_MAX: usize = 16 * 1024;

/// After an accept that failed, for want of file descriptors perhaps.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Answers until `stop` becomes true. Requests that are running then are finished.
pub(crate) async fn serve(listener: TcpListener, routes: Router, mut stop: watch::Receiver<bool>) {
    let mut held: VecDeque<JoinHandle<()>> = VecDeque::with_capacity(CONNECTIONS_MAX);
    loop {
        let stream = tokio::select! {
            stream = accept(&listener) => stream,
            () = stopped(&mut stop) => return,
        };
        held.retain(|connection| !connection.is_finished());
        if held.len() == CONNECTIONS_MAX
            && let Some(oldest) = held.pop_front()
        {
            oldest.abort();
        }
        let connection = connection(stream, routes.clone(), stop.clone());
        held.push_back(tokio::spawn(async {
            timeout(CONNECTION_LIMIT, connection).await.ok();
        }));
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) => tracing::warn!(%error, "a connection cannot be accepted: {error}"),
        }
        sleep(ACCEPT_PAUSE).await;
    }
}

async fn connection(stream: TcpStream, routes: Router, mut stop: watch::Receiver<bool>) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS_LIMIT)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    let mut connection = std::pin::pin!(connection);
    // A client that breaks off is its own affair, so how a connection ends is not looked at.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stopped(&mut stop) => connection.as_mut().graceful_shutdown(),
    }
    connection.await.ok();
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone can only mean that the process ends.
    stop.wait_for(|&stop| stop).await.ok();
}
