//! One Kafka and one PostgreSQL for all tests of a process; a topic and a database for each test. Both servers end
//! with the process, however it ends.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use plimsoll_sandbox::kafka::Broker;
use plimsoll_sandbox::postgres::Cluster;
use plimsoll_sandbox::topics;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, Executor, PgConnection};

/// The broker, started when first asked for.
pub fn broker() -> &'static Broker {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    BROKER.get_or_init(|| Broker::start().expect("Apache Kafka starts"))
}

/// The database server, started when first asked for. It need not survive a power cut: killing it loses nothing
/// that the kernel has.
pub fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&[("fsync", "off")]).expect("PostgreSQL starts"))
}

/// A new, empty topic.
pub async fn topic(partitions: i32) -> anyhow::Result<String> {
    let name = unique("topic");
    topics::create(&broker().bootstrap(), &name, partitions).await?;
    Ok(name)
}

/// The URL of a new database: empty, or a copy of `template`.
pub fn database(template: Option<&str>) -> anyhow::Result<String> {
    let name = unique("database");
    cluster().create_database(&name, template)?;
    Ok(cluster().url(&name))
}

/// Runs SQL of any number of statements.
pub async fn sql(database_url: &str, statements: &str) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(database_url).await?;
    connection
        .execute(AssertSqlSafe(statements.to_owned()))
        .await?;
    Ok(connection.close().await?)
}

/// One number out of a database.
pub async fn number(database_url: &str, sql: &'static str) -> anyhow::Result<i64> {
    let mut connection = PgConnection::connect(database_url).await?;
    Ok(sqlx::query_scalar(sql).fetch_one(&mut connection).await?)
}

/// A name that no other test of this process has.
pub fn unique(kind: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{kind}_{}", COUNT.fetch_add(1, Ordering::Relaxed))
}
