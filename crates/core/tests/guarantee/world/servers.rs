//! Servers that all tests of the process share, and what each test has of them for itself: a
//! topic and a database. They are started when first asked for and end with the process.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result};
use plimsoll_sandbox::broker::InProcess;
use plimsoll_sandbox::kafka::Broker;
use plimsoll_sandbox::postgres::Cluster;
use plimsoll_sandbox::topics;
use sea_orm::{ConnectionTrait, Database};
use tokio::sync::OnceCell;

/// Where records go.
pub(super) struct Topic {
    pub(super) brokers: String,
    pub(super) name: String,
}

pub(super) fn in_process_topic(partitions: i32) -> Result<Topic> {
    static BROKER: OnceLock<InProcess> = OnceLock::new();
    let broker = BROKER.get_or_init(|| InProcess::start(&[]).expect("the broker starts"));
    let name = unique("topic");
    broker.create_topic(&name, partitions)?;
    Ok(Topic {
        brokers: broker.bootstrap(),
        name,
    })
}

pub(super) async fn kafka_topic(partitions: i32) -> Result<Topic> {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    let broker = tokio::task::block_in_place(|| {
        BROKER.get_or_init(|| Broker::start().expect("Apache Kafka starts"))
    });
    let name = unique("topic");
    topics::create(&broker.bootstrap(), &name, partitions).await?;
    Ok(Topic {
        brokers: broker.bootstrap(),
        name,
    })
}

pub(super) fn empty_database() -> Result<String> {
    let name = unique("database");
    cluster().create_database(&name, None)?;
    Ok(cluster().url(&name))
}

/// A copy of a database that was migrated once.
pub(super) async fn migrated_database() -> Result<String> {
    static TEMPLATE: OnceCell<()> = OnceCell::const_new();
    let make = async || {
        cluster().create_database("migrated", None)?;
        migrate(&cluster().url("migrated"), "").await
    };
    TEMPLATE.get_or_try_init(make).await?;
    let name = unique("database");
    cluster().create_database(&name, Some("migrated"))?;
    Ok(cluster().url(&name))
}

/// A copy of a database that nobody is connected to.
pub(super) fn copy_of(url: &str) -> Result<String> {
    let (_, original) = url.rsplit_once('/').context("a URL with a database")?;
    let name = unique("copy");
    cluster().create_database(&name, Some(original))?;
    Ok(cluster().url(&name))
}

/// Runs `tables` and then the migration.
pub(super) async fn migrate(url: &str, tables: &str) -> Result<()> {
    let db = Database::connect(url).await?;
    db.execute_unprepared(tables).await?;
    plimsoll_migrations::up(&db).await?;
    Ok(db.close().await?)
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&[("fsync", "off")]).expect("PostgreSQL starts"))
}

fn unique(kind: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{kind}_{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
