//! Wires to PostgreSQL that can be cut at the worst moment: just before a statement arrives, or when
//! it is done and its answer has not come back. It knows PostgreSQL's messages, and no table.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::link::until_gone;

/// How a wire is cut at a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It never arrives.
    Before,
    /// It is done, and nobody hears of it. Only of statements without parameters, such as COMMIT.
    After,
    /// It never arrives, and neither side hears that the wire is dead.
    SilentBefore,
    /// It is done, and whoever waits for the answer waits. As [`Cut::After`] otherwise.
    SilentAfter,
}

/// A cut that waits for its statement.
#[derive(Clone, Debug)]
struct Armed {
    statement: String,
    cut: Cut,
}

#[derive(Default)]
struct Plan {
    armed: VecDeque<Armed>,
    made: Vec<Cut>,
}

/// Stands before a server, and carries.
pub struct Wires {
    port: u16,
    plan: Arc<Mutex<Plan>>,
}

impl Wires {
    /// Listens in front of the server that `url` names, until the runtime ends.
    ///
    /// # Errors
    /// No port is free.
    pub async fn before(url: &str) -> Result<Wires> {
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
                        carry(client, server, &plan).await.ok();
                    }
                });
            }
        });
        Ok(Wires { port, plan })
    }

    /// The same database through these wires.
    pub fn url(&self, url: &str) -> String {
        url.replace(address(url), &format!("127.0.0.1:{}", self.port))
    }

    /// Makes these cuts, one after the other, each at the next statement that begins so.
    pub fn arm(&self, statement: &str, cuts: impl IntoIterator<Item = Cut>) {
        let armed = cuts.into_iter().map(|cut| Armed {
            statement: statement.to_owned(),
            cut,
        });
        self.plan().armed.extend(armed);
    }

    /// The cuts made so far.
    pub fn made(&self) -> Vec<Cut> {
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
async fn carry(mut client: TcpStream, mut server: TcpStream, plan: &Mutex<Plan>) -> Result<()> {
    // Questions and answers in turn: waiting to fill a packet would take longer than the work.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut sent, mut answer) = (Vec::new(), vec![0; 1 << 16]);
    let mut client_says = Messages::default();
    loop {
        tokio::select! {
            read = client.read_buf(&mut sent) => {
                if read? == 0 {
                    return Ok(());
                }
                while let Some(message) = client_says.take(&mut sent) {
                    let cut = client_says.statement(&message).and_then(|sql| next_cut(plan, sql));
                    match cut {
                        Some(Cut::Before) => return Ok(()),
                        Some(Cut::SilentBefore) => return until_gone(&mut client).await,
                        None | Some(Cut::After | Cut::SilentAfter) => {}
                    }
                    server.write_all(&message).await?;
                    if let Some(cut) = cut {
                        let answered = server.read(&mut answer).await? > 0;
                        ensure!(answered, "a statement was forwarded and not answered");
                        if cut == Cut::SilentAfter {
                            until_gone(&mut client).await?;
                        }
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

fn next_cut(plan: &Mutex<Plan>, sql: &str) -> Option<Cut> {
    let mut plan = plan.lock().expect("nothing panics while it holds the plan");
    let armed = plan.armed.front()?;
    if !sql.trim_start().starts_with(&armed.statement) {
        return None;
    }
    let cut = plan.armed.pop_front()?.cut;
    plan.made.push(cut);
    Some(cut)
}

/// What a client says: PostgreSQL's messages.
#[derive(Default)]
struct Messages {
    /// Before the session has started, messages have no type byte.
    started: bool,
    /// SQL by the name under which it was prepared.
    prepared: HashMap<Vec<u8>, String>,
}

impl Messages {
    /// The next whole message. Requests for encryption come before the session's start.
    fn take(&mut self, sent: &mut Vec<u8>) -> Option<Vec<u8>> {
        const ENCRYPTION_REQUESTS: [u32; 2] = [80_877_103, 80_877_104];
        let number = |at: usize| {
            let bytes = sent.get(at..at + 4)?.try_into().ok()?;
            Some(u32::from_be_bytes(bytes))
        };
        let type_bytes = usize::from(self.started);
        let length = type_bytes + usize::try_from(number(type_bytes)?).ok()?;
        if sent.len() < length {
            return None;
        }
        if !self.started {
            self.started = !ENCRYPTION_REQUESTS.contains(&number(4)?);
        }
        let rest = sent.split_off(length);
        Some(std::mem::replace(sent, rest))
    }

    /// The SQL that a message has done, or prepares.
    fn statement<'a>(&'a mut self, message: &'a [u8]) -> Option<&'a str> {
        let mut texts = message.get(5..)?.split(|&byte| byte == 0);
        let mut next = || texts.next().unwrap_or_default();
        match message[0] {
            b'Q' => str::from_utf8(&message[5..message.len() - 1]).ok(),
            b'P' => {
                let (name, sql) = (
                    next().to_vec(),
                    String::from_utf8_lossy(next()).into_owned(),
                );
                self.prepared.insert(name.clone(), sql);
                self.prepared.get(&name).map(String::as_str)
            }
            b'B' => {
                next();
                self.prepared.get(next()).map(String::as_str)
            }
            _ => None,
        }
    }
}
