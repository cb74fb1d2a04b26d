//! From settings to a running consumer and back to nothing: what starts and ends in which
//! order. Waits patiently for both servers; gives up only where waiting cannot help.

use std::sync::Arc;
use std::time::Duration;

use plimsoll_domain::lane::{BACKOFF_MAX, BACKOFF_MIN};
use plimsoll_domain::{Limits, Policy};
use plimsoll_telemetry::Metrics;
use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::coordinator::{Coordinator, Desk, Task};
use crate::database::{Session, statement};
use crate::inbox::{Bounds, Inbox, Order};
use crate::kafka::{self, Poller, Told};
use crate::keeper::Keeper;
use crate::lane::{Lane, Shared};
use crate::locks::SkuLocks;
use crate::progress::Progress;
use crate::store::{Parts, Store, ensure_topic};
use crate::{Settings, Watch};

/// Why a consumer gave up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// librdkafka refuses the configuration.
    #[error("Kafka refuses the configuration: {0}")]
    Configuration(rdkafka::error::KafkaError),
    /// The client failed for good.
    #[error("the Kafka client failed: {0}")]
    Client(String),
    /// The operating system gives no thread.
    #[error("no thread for Kafka")]
    Thread(#[from] std::io::Error),
    /// What was in flight did not end within the drain limit. It was rolled back or is found
    /// committed at the next start; nothing is lost or counted twice.
    #[error("the drain took longer than {0:?}")]
    Drain(Duration),
}

/// Why a start has to be tried again.
#[derive(Debug, thiserror::Error)]
enum NotYet {
    #[error("PostgreSQL: {0}")]
    Database(#[from] DbErr),
    #[error("Kafka: {0}")]
    Kafka(#[from] rdkafka::error::KafkaError),
    #[error("the schema is not there: run `plimsoll migrate up`")]
    Schema,
    #[error("there is no topic {0}")]
    Topic(String),
}

/// Consumes until `stop` becomes true, then drains.
pub async fn run(
    settings: Settings,
    watch: Arc<Watch>,
    metrics: Arc<Metrics>,
    stop: watch::Receiver<bool>,
) -> Result<(), Error> {
    let consumer = Arc::new(kafka::consumer(&settings.kafka).map_err(Error::Configuration)?);
    let Some((store, partitions_at_first)) =
        patiently(&settings, &consumer, &watch, &metrics, stop.clone()).await
    else {
        return Ok(());
    };
    let inboxes = inboxes(&settings);
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
        watch: Arc::clone(&watch),
    };
    let mut lanes = JoinSet::new();
    for inbox in &inboxes {
        lanes.spawn(Lane::new(shared.clone(), Arc::clone(inbox)).run());
    }
    let poller = Poller::start(kafka::Parts {
        consumer: Arc::clone(&consumer),
        topic: settings.kafka.topic.clone(),
        inboxes: inboxes.clone(),
        coordinator: coordinator.clone(),
        progress,
        metrics: Arc::clone(&metrics),
    })?;
    let keeper = tokio::spawn(Keeper::new(&settings, Arc::clone(&store)).run());
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
    keeper.abort();
    let drained = drain(&settings, &inboxes, lanes).await;
    task.give_back().await;
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

/// Both servers, the schema and the topic, as soon as they are there; `None` when told to stop.
async fn patiently(
    settings: &Settings,
    consumer: &Arc<rdkafka::consumer::BaseConsumer<kafka::Context>>,
    watch: &Watch,
    metrics: &Arc<Metrics>,
    stop: watch::Receiver<bool>,
) -> Option<(Arc<Store>, i32)> {
    let mut stop = std::pin::pin!(stopped(stop));
    let mut wait = BACKOFF_MIN;
    loop {
        let opened = tokio::select! {
            () = &mut stop => return None,
            opened = open(settings, consumer, metrics) => opened,
        };
        match opened {
            Ok((store, partitions)) => {
                watch.database_answered();
                return Some((Arc::new(store), partitions));
            }
            Err(err) => {
                tracing::warn!(%err, "cannot start yet: {err}");
                match err {
                    NotYet::Database(_) | NotYet::Schema => watch.database_failed(&err.to_string()),
                    NotYet::Kafka(_) | NotYet::Topic(_) => watch.claim_failed(&err.to_string()),
                }
            }
        }
        tokio::select! {
            () = &mut stop => return None,
            () = sleep(wait) => wait = (wait * 2).min(BACKOFF_MAX),
        }
    }
}

async fn open(
    settings: &Settings,
    consumer: &Arc<rdkafka::consumer::BaseConsumer<kafka::Context>>,
    metrics: &Arc<Metrics>,
) -> Result<(Store, i32), NotYet> {
    let session = Session::open(&settings.database, &settings.instance).await?;
    let db = session.db();
    let there = db
        .query_one_raw(statement(
            "SELECT to_regclass('plimsoll_internal.parts') IS NOT NULL",
            [],
        ))
        .await?;
    if !there.map_or(Ok(false), |row| row.try_get_by_index::<bool>(0))? {
        return Err(NotYet::Schema);
    }
    let partitions = kafka::partitions_of(consumer, &settings.kafka.topic).await?;
    if partitions == 0 {
        return Err(NotYet::Topic(settings.kafka.topic.clone()));
    }
    let (topic_id, partitions_at_first) =
        ensure_topic(db, &settings.kafka.topic, partitions).await?;
    let store = Store {
        database: settings.database.clone(),
        instance: settings.instance.clone(),
        topic_id,
        policy: Policy {
            limits: limits(db).await?,
            ..settings.policy
        },
        id_window: settings.id_window,
        knowledge: crate::knowledge::Knowledge::default(),
        parts: Parts::read(db, settings.id_window).await?,
        metrics: Arc::clone(metrics),
    };
    session.discard();
    Ok((store, partitions_at_first))
}

/// What the columns of an adopted table can hold.
pub(crate) async fn limits<C: ConnectionTrait>(db: &C) -> Result<Limits, DbErr> {
    let sql = "SELECT attname::text, atttypid::regtype::text FROM pg_attribute
               WHERE attrelid = 'products'::regclass AND attname IN ('current_stock', 'version')";
    let mut limits = Limits::default();
    for row in db.query_all_raw(statement(sql, [])).await? {
        let (column, kind): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        let max = match kind.as_str() {
            "smallint" => i64::from(i16::MAX),
            "integer" => i64::from(i32::MAX),
            _ => i64::MAX,
        };
        match column.as_str() {
            "version" => limits.version_max = max,
            _ => limits.units_max = max,
        }
    }
    Ok(limits)
}
