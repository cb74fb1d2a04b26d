//! A wire to a server that can get slow, be cut, or fall silent, whatever is spoken over it.

use std::future::pending;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// Bytes read at a time, at most.
const CHUNK: usize = 1 << 16;
/// Chunks of one direction that may be on their way.
const CHUNKS_MAX: usize = 1_000;

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It arrives so much later, in either direction.
    Late(Duration),
    /// Connections end, and each new one at once.
    Cut,
    /// Connections stay, and nothing arrives on them ever again, nor on new ones: neither side
    /// hears that the wire is dead.
    Silent,
}

impl State {
    /// It arrives.
    pub const WHOLE: State = State::Late(Duration::ZERO);
}

/// Stands before a server, and carries.
pub struct Link {
    port: u16,
    state: watch::Sender<State>,
}

impl Link {
    /// Listens in front of a server, `host:port`, until the runtime ends. The server need not be
    /// there yet.
    ///
    /// # Errors
    /// No port is free.
    pub async fn before(server: &str) -> Result<Link> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (state, now) = watch::channel(State::WHOLE);
        let server = server.to_owned();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, now) = (server.clone(), now.clone());
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(server).await {
                        // Either side may end it; the other then sees it end.
                        connected(client, server, now).await.ok();
                    }
                });
            }
        });
        Ok(Link { port, state })
    }

    /// `host:port` of the server by this link.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Changes what becomes of connections, of those that are open, too.
    pub fn turn(&self, state: State) {
        self.state.send_replace(state);
    }
}

async fn connected(
    mut client: TcpStream,
    mut server: TcpStream,
    mut state: watch::Receiver<State>,
) -> Result<()> {
    // Questions and answers in turn: waiting to fill a packet would take longer than the work.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let late = state.clone();
    let spoiled = tokio::select! {
        biased;
        spoiled = state.wait_for(|state| !matches!(state, State::Late(_))) => *spoiled?,
        () = carry(&mut client, &mut server, &late) => return Ok(()),
    };
    if spoiled == State::Silent {
        until_gone(&mut client).await?;
    }
    Ok(())
}

/// Both directions, until one side ends.
async fn carry(client: &mut TcpStream, server: &mut TcpStream, state: &watch::Receiver<State>) {
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    tokio::select! {
        () = direction(from_client, to_server, state) => {}
        () = direction(from_server, to_client, state) => {}
    }
}

/// One chunk after the other, each as late as the link was when it came. They wait side by side, so
/// that a link that is late carries as much as any.
async fn direction(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, state: &watch::Receiver<State>) {
    let (sender, mut due) = mpsc::channel(CHUNKS_MAX);
    let read = async move {
        loop {
            let mut chunk = Vec::with_capacity(CHUNK);
            if !matches!(from.read_buf(&mut chunk).await, Ok(1..)) {
                break;
            }
            let State::Late(late) = *state.borrow() else {
                break;
            };
            if sender.send((Instant::now() + late, chunk)).await.is_err() {
                break;
            }
        }
        drop(sender);
        pending().await
    };
    let write = async move {
        while let Some((at, chunk)) = due.recv().await {
            sleep_until(at).await;
            if to.write_all(&chunk).await.is_err() {
                break;
            }
        }
    };
    tokio::select! {
        () = read => {}
        () = write => {}
    }
}

/// Takes whatever is sent and answers nothing.
pub(crate) async fn until_gone(client: &mut TcpStream) -> Result<()> {
    let mut unheard = vec![0; CHUNK];
    while client.read(&mut unheard).await? > 0 {}
    Ok(())
}
