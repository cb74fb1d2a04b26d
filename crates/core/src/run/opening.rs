//! The start of a consumer: both servers, the schema, the topic and the rules, waited for
//! patiently. Knows nothing of what runs afterwards.

use std::sync::Arc;

use plimsoll_domain::lane::{BACKOFF_MAX, BACKOFF_MIN};
use plimsoll_domain::{Limits, Policy};
use plimsoll_telemetry::traces::spans::Source;
use plimsoll_telemetry::{Metrics, Traces};
use rdkafka::consumer::BaseConsumer;
use sea_orm::{ConnectionTrait, DbErr};
use tokio::sync::watch;
use tokio::time::sleep;

use super::stopped;
use crate::complaint::Complaint;
use crate::database::{Session, statement};
use crate::knowledge::Knowledge;
use crate::rules::{self, Rules};
use crate::store::{Parts, Store, ensure_topic, told};
use crate::{Settings, Watch, kafka};

/// What lasts, however often a start is tried.
pub(super) struct Beside {
    pub(super) consumer: Arc<BaseConsumer<kafka::Context>>,
    pub(super) watch: Arc<Watch>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) traces: Arc<Traces>,
    pub(super) rules: Arc<Rules>,
}

/// Why a start has to be tried again.
#[derive(Debug, thiserror::Error)]
enum NotYet {
    #[error("PostgreSQL: {}", told(.0))]
    Database(#[from] DbErr),
    #[error("Kafka: {0}")]
    Kafka(#[from] rdkafka::error::KafkaError),
    #[error("the schema is not there: run `plimsoll migrate up`")]
    Schema,
    #[error("there is no topic {0}")]
    Topic(String),
    #[error("no ruleset is ready: {0}")]
    Rules(String),
}

/// All of it, as soon as it is there, with the number of partitions that the topic began with;
/// `None` when told to stop.
pub(super) async fn patiently(
    settings: &Settings,
    beside: &Beside,
    stop: watch::Receiver<bool>,
) -> Option<(Arc<Store>, i32)> {
    let mut stop = std::pin::pin!(stopped(stop));
    let mut wait = BACKOFF_MIN;
    let mut complaint = Complaint::default();
    loop {
        let opened = tokio::select! {
            () = &mut stop => return None,
            opened = open(settings, beside) => opened,
        };
        match opened {
            Ok((store, partitions)) => {
                beside.watch.database_answered();
                return Some((Arc::new(store), partitions));
            }
            Err(err) => {
                complaint.hear("cannot start yet", Some(err.to_string()));
                match err {
                    NotYet::Database(_) | NotYet::Schema => {
                        beside.watch.database_failed(&err.to_string());
                    }
                    NotYet::Kafka(_) | NotYet::Topic(_) => {
                        beside.watch.claim_failed(&err.to_string());
                    }
                    NotYet::Rules(_) => beside.watch.rules_failed(&err.to_string()),
                }
            }
        }
        tokio::select! {
            () = &mut stop => return None,
            () = sleep(wait) => wait = (wait * 2).min(BACKOFF_MAX),
        }
    }
}

async fn open(settings: &Settings, beside: &Beside) -> Result<(Store, i32), NotYet> {
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
    let partitions = kafka::partitions_at_first(&beside.consumer, &settings.kafka.topic).await?;
    if partitions == 0 {
        return Err(NotYet::Topic(settings.kafka.topic.clone()));
    }
    let of_topic = u64::from(partitions.unsigned_abs());
    beside.metrics.partitions().of_topic(of_topic);
    let (topic_id, partitions_at_first) =
        ensure_topic(db, &settings.kafka.topic, partitions).await?;
    let failed = |err: rules::Error| NotYet::Rules(err.reason());
    beside.rules.start().await.map_err(failed)?;
    beside.watch.rules_ready();
    let store = Store {
        database: settings.database.clone(),
        instance: settings.instance.clone(),
        topic_id,
        policy: Policy {
            limits: limits(db).await?,
            ..settings.policy
        },
        id_window: settings.id_window,
        knowledge: Knowledge::default(),
        parts: Parts::read(db, settings.id_window).await?,
        source: Source {
            topic: settings.kafka.topic.clone(),
            group: settings.kafka.group.clone(),
        },
        server: settings.database.server(),
        metrics: Arc::clone(&beside.metrics),
        traces: Arc::clone(&beside.traces),
        watch: Arc::clone(&beside.watch),
        rules: Arc::clone(&beside.rules),
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
