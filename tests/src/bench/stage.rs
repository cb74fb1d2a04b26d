//! The servers of a bench, topics filled with traffic, and a fresh database for each run.

use std::collections::HashSet;
use std::sync::Mutex;
use std::time::Duration;

use anyhow::Context;
use plimsoll_sandbox::kafka::Broker;
use plimsoll_sandbox::postgres::Cluster;
use plimsoll_sandbox::topics;
use plimsoll_sandbox::workload::{Shape, Traffic, produce};
use sea_orm::sqlx::{self, Connection, PgConnection};

use super::options::Options;
use super::progress;
use super::rules::shipped;
use crate::ours::{self, Settings};
use crate::{races, servers};

pub(super) const PARTITIONS: i32 = 4;

/// So much that no event is refused: every contender then does the same work.
const OPENING_STOCK: i64 = 1_000_000_000;

/// So little that orders are refused all the time.
const SCARCE_STOCK: i64 = 50;

/// The same traffic in every run.
const SEED: u64 = 42;

/// A server as one would run it on a small machine, durable; no checkpoint falls into a run.
const POSTGRES: [(&str, &str); 4] = [
    ("shared_buffers", "512MB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "1h"),
    ("min_wal_size", "1GB"),
];

/// Traffic that differs from the usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Mix {
    pub(super) skus: u32,
    /// Share of records that are copies of earlier ones.
    pub(super) duplicates: f64,
    /// Exponent of the SKUs' popularity.
    pub(super) zipf: f64,
    /// Share of events that add stock.
    pub(super) increases: f64,
    /// Sales channels, each as frequent as none.
    pub(super) channels: &'static [&'static str],
}

impl Mix {
    pub(super) const USUAL: Mix = Mix {
        skus: 10_000,
        duplicates: 0.0,
        zipf: 1.1,
        increases: 0.6,
        channels: &[],
    };

    /// As a part of a topic's name.
    fn name(self) -> String {
        let Mix {
            skus,
            duplicates,
            zipf,
            increases,
            channels,
        } = self;
        format!("{skus}-{duplicates}-{zipf}-{increases}-{}", channels.len())
    }
}

/// Whose tables a database has, and what is in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schema {
    Ours,
    /// Ours with little stock, down to 0 by the floor.
    Scarce,
    /// Ours with as little, lower floors, and the shipped rules.
    Ruled,
    Others,
}

pub(super) struct Stage {
    broker: Broker,
    pub(super) cluster: Cluster,
    pub(super) quick: bool,
    pub(super) rounds: u32,
    keyed: bool,
    prepared: Mutex<HashSet<String>>,
}

/// What PostgreSQL had spent at a moment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    pub(super) cpu: Duration,
    pub(super) wal_bytes: u64,
}

impl Stage {
    pub(super) fn open(options: &Options) -> anyhow::Result<Self> {
        progress("starting Kafka and PostgreSQL");
        Ok(Self {
            broker: Broker::start()?,
            cluster: Cluster::start(&POSTGRES)?,
            quick: options.quick,
            rounds: options.rounds(),
            keyed: !options.unkeyed,
            prepared: Mutex::default(),
        })
    }

    pub(super) fn bootstrap(&self) -> String {
        self.broker.bootstrap()
    }

    pub(super) fn shape(&self, mix: Mix) -> Shape {
        Shape {
            partitions: PARTITIONS,
            skus: mix.skus,
            duplicates: mix.duplicates,
            zipf: mix.zipf,
            increase_share: mix.increases,
            channels: mix.channels,
            keyed: self.keyed,
            ..Shape::default()
        }
    }

    pub(super) fn traffic(&self, mix: Mix) -> Traffic {
        Traffic::new(self.shape(mix), SEED)
    }

    /// A topic that holds the first `events` records of the traffic.
    pub(super) async fn topic(&self, mix: Mix, events: u64) -> anyhow::Result<String> {
        let name = format!("events-{events}-{}", mix.name());
        if self.is_new(&name) {
            progress(format_args!("filling the topic {name}"));
            topics::create(&self.bootstrap(), &name, PARTITIONS).await?;
            let records = self.traffic(mix).take(usize::try_from(events)?);
            let (bootstrap, topic) = (self.bootstrap(), name.clone());
            tokio::task::spawn_blocking(move || produce(&bootstrap, &topic, records)).await??;
        }
        Ok(name)
    }

    /// A topic that nobody has written to.
    pub(super) async fn empty_topic(&self) -> anyhow::Result<String> {
        let name = servers::unique("steady");
        topics::create(&self.bootstrap(), &name, PARTITIONS).await?;
        Ok(name)
    }

    /// A database with these products and nothing else, its pages on disk.
    pub(super) async fn database(&self, schema: Schema, skus: u32) -> anyhow::Result<String> {
        let template = format!("{schema:?}_{skus}").to_lowercase();
        if self.is_new(&template) {
            progress(format_args!("preparing {skus} products"));
            self.cluster.create_database(&template, None)?;
            fill(
                &self.cluster.url(&template),
                &self.bootstrap(),
                schema,
                skus,
            )
            .await?;
        }
        let name = servers::unique("run");
        self.cluster.create_database(&name, Some(&template))?;
        servers::sql(&self.cluster.url(&name), "CHECKPOINT").await?;
        Ok(self.cluster.url(&name))
    }

    pub(super) async fn drop_database(&self, url: &str) -> anyhow::Result<()> {
        let (_, name) = url
            .rsplit_once('/')
            .context("a database's URL ends with its name")?;
        servers::sql(
            &self.cluster.url("postgres"),
            &format!("DROP DATABASE {name} WITH (FORCE)"),
        )
        .await
    }

    pub(super) async fn spent(&self) -> anyhow::Result<Spent> {
        let mut connection = PgConnection::connect(&self.cluster.url("postgres")).await?;
        let wal =
            sqlx::query_scalar::<_, i64>("SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint");
        let wal_bytes = u64::try_from(wal.fetch_one(&mut connection).await?)?;
        Ok(Spent {
            cpu: self.cluster.server_cpu(),
            wal_bytes,
        })
    }

    fn is_new(&self, name: &str) -> bool {
        self.prepared
            .lock()
            .expect("nobody panics with the set")
            .insert(name.to_owned())
    }
}

async fn fill(url: &str, bootstrap: &str, schema: Schema, skus: u32) -> anyhow::Result<()> {
    let settings = shipped::believing(Settings::new(url, bootstrap, "inventory-events"));
    match schema {
        Schema::Others => return races::prepare(url, skus, PARTITIONS, OPENING_STOCK).await,
        Schema::Ours => ours::prepare(&settings, skus, OPENING_STOCK).await?,
        Schema::Scarce => ours::prepare(&settings, skus, SCARCE_STOCK).await?,
        Schema::Ruled => {
            ours::prepare(&settings, skus, SCARCE_STOCK).await?;
            shipped::activate(&settings)?;
        }
    }
    servers::sql(url, "VACUUM ANALYZE").await
}
