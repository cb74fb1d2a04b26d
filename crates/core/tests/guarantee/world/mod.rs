//! One test's world: a database, a topic, the traffic that was sent to it, and consumers. Knows
//! what the contract promises of tables and views, and nothing of how the consumer keeps it.

mod event;
mod exact;
mod rules;
mod running;
mod servers;
mod topic;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use plimsoll_core::{Settings, database, kafka};
use plimsoll_domain::{Limits, Nature, OnUnknownSku, Policy};
use plimsoll_sandbox::postgres::Cluster;
use plimsoll_sandbox::topics;
use plimsoll_sandbox::workload::{Log, Produced, Sender};
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use tracing_subscriber::EnvFilter;

pub(crate) use event::{Said, adjust, count, record};
pub(crate) use exact::balances;
pub(crate) use rules::{below, bundle, enforce, meeting, misbehaviours, verdict};
pub(crate) use running::Running;
pub(crate) use topic::produce_and_abort;

/// Sessions of consumers that sit in a transaction.
const SITTING: &str = "
    SELECT string_agg(format('%s: %s', pid, query), E'\\n') FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'plimsoll/%'
    AND state LIKE 'idle in transaction%'";
/// PostgreSQL itself ends a session that sits there for 10 s.
const SITTING_MAX: Duration = Duration::from_secs(5);

/// Whatever a test waits for comes within this time, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
const PACE: Duration = Duration::from_millis(20);

/// Ends all connections of consumers; what they know goes with them.
pub(crate) const CUT: &str = "
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name LIKE 'plimsoll/%'";

pub(crate) struct World {
    /// For consumers started from now on.
    pub(crate) settings: Settings,
    /// A server of this test's own, to be crashed.
    server: Option<Cluster>,
    /// For looking, and for acting as somebody else.
    pub(crate) db: DatabaseConnection,
    sender: Sender,
}

impl World {
    /// The in-process broker, and a database fresh from the migration.
    pub(crate) async fn new(partitions: i32) -> Result<World> {
        let database = servers::migrated_database().await?;
        World::of(servers::in_process_topic(partitions)?, database).await
    }

    /// Apache Kafka, where the behaviour of the broker matters.
    pub(crate) async fn on_kafka(partitions: i32) -> Result<World> {
        let database = servers::migrated_database().await?;
        World::of(servers::kafka_topic(partitions).await?, database).await
    }

    /// A database that held `tables` when it was migrated.
    pub(crate) async fn adopting(tables: &str) -> Result<World> {
        let database = servers::empty_database()?;
        servers::migrate(&database, tables).await?;
        World::of(servers::in_process_topic(1)?, database).await
    }

    /// A database server that nobody else needs.
    pub(crate) async fn with_own_server(partitions: i32) -> Result<World> {
        World::with_own_server_of(servers::in_process_topic(partitions)?).await
    }

    /// The same on Kafka, which keeps more than the broker in this process does.
    pub(crate) async fn with_own_server_on_kafka(partitions: i32) -> Result<World> {
        World::with_own_server_of(servers::kafka_topic(partitions).await?).await
    }

    async fn with_own_server_of(topic: servers::Topic) -> Result<World> {
        let server = tokio::task::block_in_place(|| Cluster::start(&[]))?;
        server.create_database("own", None)?;
        let database = server.url("own");
        servers::migrate(&database, "").await?;
        let world = World::of(topic, database).await?;
        Ok(World {
            server: Some(server),
            ..world
        })
    }

    /// The same world over a copy of its database. This one has had its last look by then.
    pub(crate) async fn copy(&self) -> Result<World> {
        self.db.close_by_ref().await?;
        let database = servers::copy_of(&self.settings.database.url)?;
        let kafka = &self.settings.kafka;
        let topic = servers::Topic {
            brokers: kafka.brokers.clone(),
            name: kafka.topic.clone(),
        };
        World::of(topic, database).await
    }

    async fn of(topic: servers::Topic, database: String) -> Result<World> {
        // `RUST_LOG=info` shows what the consumer says; the first test of a process has set it.
        let says = tracing_subscriber::fmt().with_test_writer();
        let says = says.with_env_filter(EnvFilter::from_default_env());
        says.try_init().ok();
        let sender = Sender::connect(&topic.brokers, &topic.name, Duration::ZERO, Log::new(0))?;
        Ok(World {
            db: connect(&database).await?,
            settings: settings(topic, database),
            server: None,
            sender,
        })
    }

    /// Puts a product on the shelf, as somebody else would: with SQL, past Plimsoll.
    pub(crate) async fn product(&self, sku: &str, stock: i64) -> Result<()> {
        self.sql(&format!(
            "INSERT INTO products (sku, current_stock) VALUES ('{sku}', {stock})"
        ))
        .await
    }

    /// The products `SKU0` … that generated traffic is about.
    pub(crate) async fn products(&self, count: u32, stock: i64) -> Result<()> {
        self.sql(&format!(
            "INSERT INTO products (sku, current_stock) SELECT 'SKU' || n, {stock} FROM generate_series(0, {count} - 1) n"
        ))
        .await
    }

    /// Sends values to one partition and waits until the broker has them.
    pub(crate) fn send<V: Into<Vec<u8>>>(
        &mut self,
        partition: i32,
        values: impl IntoIterator<Item = V>,
    ) -> Result<()> {
        let records = values
            .into_iter()
            .map(|value| record(partition, Some(value.into())));
        self.send_all(records)
    }

    /// Sends records and waits until the broker has them.
    pub(crate) fn send_all(&mut self, records: impl IntoIterator<Item = Produced>) -> Result<()> {
        tokio::task::block_in_place(|| self.sender.send(records)).map(drop)
    }

    /// Starts a consumer.
    pub(crate) fn run(&self) -> Running {
        Running::start(self.settings.clone())
    }

    /// Starts a consumer after another one has ended. It joins another group, because the
    /// in-process broker lets nobody into a group that changed for as long as a session may take;
    /// where it goes on is for PostgreSQL to say.
    pub(crate) fn run_again(&mut self) -> Running {
        self.settings.kafka.group.push('\'');
        self.run()
    }

    /// Runs SQL of any number of statements.
    pub(crate) async fn sql(&self, statements: &str) -> Result<()> {
        self.db
            .execute_unprepared(statements)
            .await
            .with_context(|| statements.to_owned())?;
        Ok(())
    }

    /// The rows of a query as PostgreSQL writes them, one a line.
    pub(crate) async fn rows(&self, query: &str) -> Result<String> {
        let lines = format!("SELECT coalesce(string_agg(t::text, E'\\n'), '') FROM ({query}) AS t");
        text(&self.db, &lines).await
    }

    /// Waits until a query for one value answers `expected`.
    pub(crate) async fn until(&self, query: &str, expected: impl ToString) -> Result<()> {
        self.within(LIMIT, query, &expected.to_string()).await
    }

    /// The same within another time.
    async fn within(&self, limit: Duration, query: &str, expected: &str) -> Result<()> {
        let query = format!("SELECT coalesce(({query})::text, 'NULL')");
        let deadline = Instant::now() + limit;
        loop {
            // A server that was crashed by the test may still be starting.
            let answer = text(&self.db, &query).await;
            if answer.as_ref().is_ok_and(|answer| answer == expected) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let positions = self
                    .rows("SELECT * FROM positions ORDER BY partition")
                    .await;
                bail!("{query}\nis {answer:?}, not {expected}; positions:\n{positions:?}");
            }
            tokio::time::sleep(PACE).await;
        }
    }

    /// Waits until every position is at the end of its partition.
    pub(crate) async fn caught_up(&self) -> Result<()> {
        let ends: Vec<String> = self.ends().await?.iter().map(i64::to_string).collect();
        let query = "SELECT string_agg(next_offset::text, ' ' ORDER BY partition) FROM positions";
        self.until(query, ends.join(" ")).await
    }

    /// The same of one partition.
    pub(crate) async fn caught_up_in(&self, partition: i32) -> Result<()> {
        let end = self.ends().await?[usize::try_from(partition)?];
        let query = format!("SELECT next_offset FROM positions WHERE partition = {partition}");
        self.until(&query, end).await
    }

    async fn ends(&self) -> Result<Vec<i64>> {
        let kafka = &self.settings.kafka;
        topics::end_offsets(&kafka.brokers, &kafka.topic).await
    }

    /// Opens the next part of the ledger, as another replica would.
    pub(crate) async fn turn_part(&self) -> Result<()> {
        self.sql("SELECT plimsoll_internal.turn_part(max(number)) FROM plimsoll_internal.parts")
            .await
    }

    /// Waits until the group has been told this position of a partition.
    pub(crate) async fn told(&self, partition: i32, next_offset: i64) -> Result<()> {
        eventually("the group knows the position", || {
            let told = tokio::task::block_in_place(|| topic::told(&self.settings.kafka, partition));
            told.is_ok_and(|told| told == rdkafka::Offset::Offset(next_offset))
        })
        .await
    }

    /// Its own server ends at once, and is not there until it is started again.
    pub(crate) fn crash(&mut self) -> Result<()> {
        let server = self.server.as_mut().expect("its own server");
        tokio::task::block_in_place(|| server.stop_immediate())
    }

    pub(crate) fn start_again(&mut self) -> Result<()> {
        let server = self.server.as_mut().expect("its own server");
        tokio::task::block_in_place(|| server.start_again())
    }

    /// Everything is applied, the consumer ends, and all of it is exact.
    pub(crate) async fn finish(&self, running: Running) -> Result<()> {
        self.caught_up().await?;
        self.within(SITTING_MAX, SITTING, "NULL").await?;
        running.stop().await?;
        self.exact().await
    }
}

/// Waits until `condition` holds.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    while !condition() {
        if Instant::now() > deadline {
            bail!("within {LIMIT:?} it did not happen that {what}");
        }
        tokio::time::sleep(PACE).await;
    }
    Ok(())
}

/// Waits until each of these consumers owns so many partitions.
pub(crate) async fn owned<const N: usize>(
    consumers: [&Running; N],
    partitions: [usize; N],
) -> Result<()> {
    let owns = |consumer: &Running| consumer.watch.readiness().assigned.len();
    let what = format!("consumers own {partitions:?} partitions");
    eventually(&what, || consumers.map(owns) == partitions).await
}

/// The only value of the only row.
async fn text<C: ConnectionTrait>(db: &C, query: &str) -> Result<String> {
    let statement = sea_orm::Statement::from_string(sea_orm::DbBackend::Postgres, query);
    let row = db.query_one_raw(statement).await?;
    Ok(row.context("the query has one row")?.try_get_by_index(0)?)
}

async fn connect(url: &str) -> Result<DatabaseConnection> {
    let mut options = ConnectOptions::new(url);
    options.max_connections(4).sqlx_logging(false);
    Ok(Database::connect(options).await?)
}

/// Usual ones, but for small batches, so that a little traffic is many transactions.
fn settings(topic: servers::Topic, url: String) -> Settings {
    Settings {
        kafka: kafka::Settings {
            brokers: topic.brokers,
            // Tests share brokers; a group of its own keeps each from rebalancing the others.
            group: topic.name.clone(),
            topic: topic.name,
            start: kafka::Start::Beginning,
            protocol: kafka::Protocol::Classic,
            properties: Vec::new(),
        },
        database: database::Settings {
            url,
            relaxed: false,
        },
        lanes: 2,
        batch_records_max: 100,
        batch_bytes_max: 1 << 20,
        policy: Policy {
            unknown_sku: OnUnknownSku::Park,
            floor_default: 0,
            limits: Limits::default(),
        },
        nature: Nature::Intent,
        rules: rules::settings(),
        id_window: Duration::from_secs(7 * 24 * 3600),
        part_bytes_max: 1 << 30,
        keep: None,
        instance: "test".to_owned(),
        drain_limit: Duration::from_secs(10),
    }
}
