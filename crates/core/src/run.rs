//! From settings to a running consumer and back to nothing: what starts and ends in which
//! order. Waits patiently for both servers; gives up only where waiting cannot help.

mod opening;

use std::sync::Arc;
use std::time::Duration;

use plimsoll_telemetry::{Metrics, Traces};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::coordinator::{Coordinator, Desk, Task};
use crate::inbox::{Bounds, Inbox, Order};
use crate::kafka::{self, Poller, Told};
use crate::keeper::Keeper;
use crate::lane::{Lane, Shared};
use crate::locks::SkuLocks;
use crate::progress::Progress;
use crate::rules::{self, Rules};
use crate::store::Store;
use crate::{Settings, Watch};
use opening::{Beside, patiently};

pub(crate) use opening::limits;

/// Why a consumer gave up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// librdkafka refuses the configuration.
    #[error("Kafka refuses the configuration: {0}")]
    Configuration(rdkafka::error::KafkaError),
    /// The client failed for good.
    #[error("the Kafka client failed: {0}")]
    Client(String),
    /// This machine cannot run rules.
    #[error("the rules cannot be run")]
    Rules(#[source] rules::Error),
    /// The operating system gives no thread.
    #[error("no thread for Kafka")]
    Thread(#[from] std::io::Error),
    /// What was in flight did not end within the drain limit. It was rolled back or is found
    /// committed at the next start; nothing is lost or counted twice.
    #[error("the drain took longer than {0:?}")]
    Drain(Duration),
}

/// Consumes until `stop` becomes true, then drains.
pub async fn run(
    settings: Settings,
    watch: Arc<Watch>,
    metrics: Arc<Metrics>,
    traces: Arc<Traces>,
    stop: watch::Receiver<bool>,
) -> Result<(), Error> {
    let consumer = Arc::new(kafka::consumer(&settings.kafka).map_err(Error::Configuration)?);
    let rules = Rules::new(
        &settings.rules,
        &settings.database,
        &settings.instance,
        &metrics,
    )
    .map_err(Error::Rules)?;
    let beside = Beside {
        consumer,
        watch,
        metrics,
        traces,
        rules,
    };
    match patiently(&settings, &beside, stop.clone()).await {
        None => Ok(()),
        Some((store, partitions)) => consume(&settings, beside, store, partitions, stop).await,
    }
}

/// Everything that runs, from its start to its end.
async fn consume(
    settings: &Settings,
    beside: Beside,
    store: Arc<Store>,
    partitions_at_first: i32,
    stop: watch::Receiver<bool>,
) -> Result<(), Error> {
    let Beside {
        consumer,
        watch,
        metrics,
        traces: _,
        rules,
    } = beside;
    let mut background = JoinSet::new();
    background.spawn(rules.follow());
    background.spawn(Keeper::new(settings, Arc::clone(&store)).run());
    background.spawn(crate::watch::walk(Arc::clone(&store)));
    let inboxes = inboxes(settings);
    #[expect(
        clippy::disallowed_methods,
        reason = "a few messages a partition and rebalance"
    )]
    let (sender, mut heard) = mpsc::unbounded_channel();
    let coordinator = Coordinator(sender);
    let progress = Arc::new(Progress::default());
    let shared = Shared {
        store: Arc::clone(&store),
        locks: Arc::new(SkuLocks::default()),
        progress: Arc::clone(&progress),
        coordinator: coordinator.clone(),
        nature: settings.nature,
    };
    let lanes = lanes(&shared, &inboxes);
    let poller = Poller::start(kafka::Parts {
        consumer: Arc::clone(&consumer),
        topic: settings.kafka.topic.clone(),
        inboxes: inboxes.clone(),
        coordinator: coordinator.clone(),
        progress,
        metrics: Arc::clone(&metrics),
        watch: Arc::clone(&watch),
    })?;
    let mut task = Task::new(Desk {
        store: Arc::clone(&store),
        kafka: settings.kafka.clone(),
        partitions_at_first,
        consumer,
        told: poller.told.clone(),
        inboxes: inboxes.clone(),
        watch,
        myself: coordinator,
    });
    let ended = task
        .run(&mut heard, stopped(stop))
        .await
        .map_err(Error::Client);
    background.abort_all();
    let drained = drain(settings, &inboxes, lanes).await;
    // It only informs: a database that is away is not waited for.
    timeout(GIVE_BACK_LIMIT, task.give_back()).await.ok();
    drop((task, heard));
    close(poller).await;
    ended.and(drained)
}

/// One for each lane.
fn inboxes(settings: &Settings) -> Vec<Arc<Inbox>> {
    let bounds = Bounds {
        records: settings.batch_records_max,
        bytes: settings.batch_bytes_max,
    };
    let inbox = |_| Arc::new(Inbox::new(bounds));
    (0..settings.lanes.max(1)).map(inbox).collect()
}

fn lanes(shared: &Shared, inboxes: &[Arc<Inbox>]) -> JoinSet<()> {
    let lane = |inbox| Lane::new(shared.clone(), Arc::clone(inbox)).run();
    inboxes.iter().map(lane).collect()
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone can only mean that the process ends.
    stop.wait_for(|&stop| stop).await.ok();
}

/// Lanes finish what is in flight; what is queued is left for the next owner.
async fn drain(
    settings: &Settings,
    inboxes: &[Arc<Inbox>],
    mut lanes: JoinSet<()>,
) -> Result<(), Error> {
    for inbox in inboxes {
        inbox.order(Order::End);
    }
    let ended = async {
        while let Some(lane) = lanes.join_next().await {
            lane.expect("a panic in a lane stops the process");
        }
    };
    timeout(settings.drain_limit, ended)
        .await
        .map_err(|_| Error::Drain(settings.drain_limit))
}

/// Saying that nobody owns our partitions any more.
const GIVE_BACK_LIMIT: Duration = Duration::from_secs(2);

/// The client is dropped on its own thread, which may hang: it is not waited for longer than this.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

async fn close(poller: Poller) {
    poller.told.send(Told::Close).ok();
    let joined = tokio::task::spawn_blocking(move || poller.thread.join());
    if !matches!(timeout(CLOSE_LIMIT, joined).await, Ok(Ok(Ok(())))) {
        tracing::warn!(
            "the Kafka client did not close in time; the group will notice by its session timeout"
        );
    }
}
