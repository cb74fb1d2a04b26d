//! A broker that clients reach by a link, which a test may spoil. The harness has a plain listener
//! beside it.

use anyhow::Result;

use super::{Broker, Listener};
use crate::link::Link;
use crate::ports;

/// A running broker and the link before it. Dropping it ends both and removes all data.
pub struct Linked {
    broker: Broker,
    link: Link,
}

impl Linked {
    /// Starts both.
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub async fn start() -> Result<Linked> {
        let bound = format!("127.0.0.1:{}", ports::free()?);
        let link = Link::before(&bound).await?;
        let listener = Listener {
            name: "LINKED",
            protocol: "PLAINTEXT",
            bound: &bound,
            advertised: &link.address(),
        };
        let start = |plain| listener.start(plain, &[]);
        let broker = tokio::task::block_in_place(|| ports::start_on(ports::free()?, start))?;
        Ok(Linked { broker, link })
    }

    /// The broker, with its plain listener.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The wire to it: its address is `bootstrap.servers` of clients that are to come by it.
    pub fn link(&self) -> &Link {
        &self.link
    }
}
