//! A wire to PostgreSQL that can be cut at the worst moment: just before COMMIT arrives, or when
//! it is done and its answer has not come back.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where a wire is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// COMMIT never arrives: nothing is done.
    BeforeCommit,
    /// COMMIT is done, and nobody hears of it.
    AfterCommit,
}

#[derive(Default)]
struct Plan {
    armed: VecDeque<Cut>,
    made: Vec<Cut>,
}

pub(crate) struct Proxy {
    port: u16,
    plan: Arc<Mutex<Plan>>,
}

impl Proxy {
    /// Listens in front of the server that `url` names.
    pub(crate) async fn before(url: &str) -> Result<Proxy> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let plan = Arc::<Mutex<Plan>>::default();
        let (server, plan_of_wires) = (address(url).to_owned(), Arc::clone(&plan));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, plan) = (server.clone(), Arc::clone(&plan_of_wires));
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(server).await {
                        // Either side may end it; the other then sees it end.
                        wire(client, server, &plan).await.ok();
                    }
                });
            }
        });
        Ok(Proxy { port, plan })
    }

    /// The same database through the proxy.
    pub(crate) fn url(&self, url: &str) -> String {
        url.replace(address(url), &format!("127.0.0.1:{}", self.port))
    }

    /// Cuts the wires of the next COMMITs, one each.
    pub(crate) fn arm(&self, cuts: impl IntoIterator<Item = Cut>) {
        self.plan().armed.extend(cuts);
    }

    /// The cuts made so far.
    pub(crate) fn made(&self) -> Vec<Cut> {
        self.plan().made.clone()
    }

    fn plan(&self) -> std::sync::MutexGuard<'_, Plan> {
        self.plan
            .lock()
            .expect("nothing panics while it holds the plan")
    }
}

/// Host and port of a database's URL.
fn address(url: &str) -> &str {
    let host = url.split('@').nth(1).expect("a URL with a user");
    host.split('/').next().expect("split never is empty")
}

/// Carries both ways until one side ends, or the wire is cut.
async fn wire(mut client: TcpStream, mut server: TcpStream, plan: &Mutex<Plan>) -> Result<()> {
    // Questions and answers in turn: waiting to fill a packet would take longer than the work.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut sent, mut answer) = (Vec::new(), vec![0; 1 << 16]);
    let mut started = false;
    loop {
        tokio::select! {
            read = client.read_buf(&mut sent) => {
                if read? == 0 {
                    return Ok(());
                }
                while let Some(message) = take_message(&mut sent, &mut started) {
                    let cut = is_commit(&message).then(|| next_cut(plan)).flatten();
                    if cut == Some(Cut::BeforeCommit) {
                        return Ok(());
                    }
                    server.write_all(&message).await?;
                    if cut == Some(Cut::AfterCommit) {
                        let answered = server.read(&mut answer).await? > 0;
                        anyhow::ensure!(answered, "COMMIT was forwarded and not answered");
                        return Ok(());
                    }
                }
            }
            read = server.read(&mut answer) => match read? {
                0 => return Ok(()),
                bytes => client.write_all(&answer[..bytes]).await?,
            }
        }
    }
}

fn next_cut(plan: &Mutex<Plan>) -> Option<Cut> {
    let mut plan = plan.lock().expect("nothing panics while it holds the plan");
    let cut = plan.armed.pop_front()?;
    plan.made.push(cut);
    Some(cut)
}

/// The next whole message of PostgreSQL's protocol. Before the session has started, messages have
/// no type byte; requests for encryption come before its start.
fn take_message(sent: &mut Vec<u8>, started: &mut bool) -> Option<Vec<u8>> {
    const ENCRYPTION_REQUESTS: [u32; 2] = [80_877_103, 80_877_104];
    let number = |at: usize| {
        let bytes = sent.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    let type_bytes = usize::from(*started);
    let length = type_bytes + usize::try_from(number(type_bytes)?).ok()?;
    if sent.len() < length {
        return None;
    }
    if !*started {
        *started = !ENCRYPTION_REQUESTS.contains(&number(4)?);
    }
    let rest = sent.split_off(length);
    Some(std::mem::replace(sent, rest))
}

fn is_commit(message: &[u8]) -> bool {
    message.first() == Some(&b'Q') && message[5..].starts_with(b"COMMIT")
}
