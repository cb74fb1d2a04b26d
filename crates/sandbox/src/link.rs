//! A wire to a server that can get slow, be cut, or fall silent, whatever is spoken over it.

use std::future::pending;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until};

/// Bytes read at a time, at most.
const CHUNK: usize = 1 << 16;
/// Chunks of one direction that may be on their way: more than a client has asked for at a time.
const CHUNKS_MAX: usize = 100;

/// What becomes of what is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It arrives so much later, in either direction.
    Late(Duration),
    /// Connections end, and each new one at once.
    Cut,
    /// Connections stay, and nothing arrives on them ever again, nor on new ones, also when the link
    /// is whole by then: neither side hears that the wire is dead. Only a cut ends them.
    Silent,
}

impl State {
    /// It arrives.
    pub const WHOLE: State = State::Late(Duration::ZERO);
}

/// Stands before a server, and carries until it is dropped.
pub struct Link {
    port: u16,
    state: watch::Sender<State>,
    accepting: AbortHandle,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Link {
    /// Listens in front of a server, `host:port`, which need not be there yet.
    ///
    /// # Errors
    /// No port is free.
    pub async fn before(server: &str) -> Result<Link> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let (state, now) = watch::channel(State::WHOLE);
        let server = server.to_owned();
        let accepting = tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else {
                    // Too many open files, for the moment.
                    sleep(Duration::from_millis(10)).await;
                    continue;
                };
                let (server, now) = (server.clone(), now.clone());
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(server).await {
                        // Either side may end it; the other then sees it end.
                        connected(client, server, now).await.ok();
                    }
                });
            }
        });
        Ok(Link {
            port,
            state,
            accepting: accepting.abort_handle(),
        })
    }

    /// `host:port` of the server by this link.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Changes what becomes of connections, of those that are open, too. What is changed back at once
    /// may go unnoticed.
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
        tokio::select! {
            gone = until_gone(&mut client) => gone?,
            cut = state.wait_for(|&state| state == State::Cut) => drop(cut?),
        }
    }
    Ok(())
}

/// Both directions, until one side ends; what the other has said by then may be lost.
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
            let now = *state.borrow();
            let State::Late(late) = now else {
                // It is over, and how is not decided here.
                return pending().await;
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
            // A clock that ticks in milliseconds would hold up what is not late at all.
            if at > Instant::now() {
                sleep_until(at).await;
            }
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

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    /// Whatever is expected comes within this time.
    const LIMIT: Duration = Duration::from_secs(10);

    /// A link before a server that says what it hears, and a connection by it.
    async fn echo() -> (Link, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let server = listener.local_addr().expect("it is bound").to_string();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = client.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        let link = Link::before(&server).await.expect("a port is free");
        let client = connect(&link).await;
        (link, client)
    }

    async fn connect(link: &Link) -> TcpStream {
        let client = TcpStream::connect(link.address()).await;
        client.expect("the link listens")
    }

    /// What comes back; nothing if the connection ends.
    async fn says(client: &mut TcpStream) -> Option<Duration> {
        let asked = Instant::now();
        let says = async {
            client.write_all(b"?").await.ok()?;
            let mut answer = [0];
            client.read_exact(&mut answer).await.ok()?;
            Some(asked.elapsed())
        };
        timeout(LIMIT, says).await.expect("an answer or an end")
    }

    #[tokio::test]
    async fn a_link_that_is_late_is_so_both_ways() {
        let (link, mut client) = echo().await;
        assert!(says(&mut client).await.is_some());
        let late = Duration::from_millis(30);
        link.turn(State::Late(late));
        assert!(says(&mut client).await.is_some_and(|took| took >= 2 * late));
    }

    #[tokio::test]
    async fn a_link_that_is_cut_ends_connections_and_carries_again_when_it_is_whole() {
        let (link, mut client) = echo().await;
        assert!(says(&mut client).await.is_some());
        link.turn(State::Cut);
        for client in [&mut client, &mut connect(&link).await] {
            assert_eq!(says(client).await, None);
        }
        link.turn(State::WHOLE);
        assert!(says(&mut connect(&link).await).await.is_some());
    }

    #[tokio::test]
    async fn a_link_that_is_silent_keeps_connections_that_never_speak_again() {
        let (link, mut client) = echo().await;
        assert!(says(&mut client).await.is_some());
        link.turn(State::Silent);
        // Neither an answer nor an end.
        let silence = Duration::from_millis(50);
        assert!(timeout(silence, says(&mut client)).await.is_err());
        link.turn(State::WHOLE);
        assert!(timeout(silence, says(&mut client)).await.is_err());
        assert!(says(&mut connect(&link).await).await.is_some());
        link.turn(State::Cut);
        assert_eq!(says(&mut client).await, None);
    }
}
