//! A run that the checker looks at again and again while it goes on.

use std::time::Duration;

use anyhow::ensure;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::checker::{Expect, Looks};
use crate::ours::Settings;

/// Between two looks: each reads the whole ledger, and must leave the run room to go on.
const PACE: Duration = Duration::from_millis(200);

/// Looks until it is told to end, or finds something.
pub struct Watched {
    end: oneshot::Sender<()>,
    looks: JoinHandle<anyhow::Result<()>>,
}

impl Watched {
    /// Begins to look. Only where neither server is away meanwhile.
    pub fn start(settings: &Settings) -> Watched {
        let (end, ended) = oneshot::channel();
        let looks = tokio::spawn(look_until(ended, settings.clone()));
        Watched { end, looks }
    }

    /// Ends after the run's last process has ended with 0: then Kafka was told of all.
    ///
    /// # Errors
    /// What was found, or that there was no time to look.
    pub async fn end(self) -> anyhow::Result<()> {
        // It is gone only if it has found something, which is told next.
        self.end.send(()).ok();
        self.looks.await?
    }
}

async fn look_until(mut ended: oneshot::Receiver<()>, settings: Settings) -> anyhow::Result<()> {
    let expect = Expect {
        modelled: false,
        ..Expect::default()
    };
    let mut open = Looks::open(
        settings.scope(),
        &settings.group,
        "plimsoll_internal.positions",
    )
    .await?;
    let mut looks = 0;
    while tokio::time::timeout(PACE, &mut ended).await.is_err() {
        open.look(expect).await?.into_result()?;
        looks += 1;
    }
    ensure!(looks > 2, "only {looks} looks: the run was too short");
    open.at_end().await?.into_result()
}
