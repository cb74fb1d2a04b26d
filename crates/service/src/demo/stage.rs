//! What a demo plays on: a private PostgreSQL and an in-process broker, both gone with it, the
//! schema, the shipped rules, and some products with floors that let them decide.

use anyhow::Context;
use plimsoll_sandbox::broker::InProcess;
use plimsoll_sandbox::postgres::Cluster;
use plimsoll_sandbox::workload::sku_name;
use sea_orm::SqlxPostgresConnector;
use sea_orm::sqlx::postgres::PgPool;

use super::rulebook::{Bundles, Rulebook};
use super::terms::Group;
use crate::cli::{Product, import};
use crate::config::{Admin, Config};
use crate::database;
use crate::exit::Failure;

pub(super) const TOPIC: &str = "inventory-events";
pub(super) const PARTITIONS: i32 = 4;

/// Units that each product starts with: few enough that some events meet an empty shelf.
pub(super) const STOCK_AT_FIRST: i64 = 100;

const DATABASE: &str = "plimsoll";

/// A server that is used for minutes need not write its checkpoints meanwhile. Commits wait for
/// the disk all the same.
const SERVER_SETTINGS: [(&str, &str); 3] = [
    ("shared_buffers", "256MB"),
    ("max_wal_size", "4GB"),
    ("checkpoint_timeout", "30min"),
];

/// Servers and a configuration that names them.
pub(super) struct Stage {
    pub(super) config: Config,
    pub(super) db: PgPool,
    _postgres: Cluster,
    pub(super) kafka: InProcess,
    /// None where floors alone decide.
    pub(super) rulebook: Option<Rulebook>,
}

impl Stage {
    /// Starts everything: about two seconds. What the configuration says about lanes, batches and
    /// decisions stays; where servers are does not.
    pub(super) async fn set(
        config: Config,
        bundles: Option<Bundles>,
        skus: u32,
    ) -> Result<Stage, Failure> {
        let servers = tokio::task::spawn_blocking(start)
            .await
            .expect("a panic stops the process");
        let (postgres, kafka) = servers.map_err(|error| {
            Failure::environment(format!("{error:#}"), "run `cargo xtask setup`")
        })?;
        let mut config = at(config, &postgres, &kafka);
        let rules = bundles.as_ref().map(|bundles| bundles.settings.clone());
        config.rules = rules.unwrap_or_default();
        let db = database::connect(&config.database, "demo").await?;
        plimsoll_migrations::up(&SqlxPostgresConnector::from_sqlx_postgres_pool(db.clone()))
            .await?;
        let product = |sku| Product {
            sku: sku_name(sku),
            stock: STOCK_AT_FIRST,
            floor: if bundles.is_some() {
                Group::of(sku).floor()
            } else {
                0
            },
        };
        import(&db, &(0..skus).map(product).collect::<Vec<_>>()).await?;
        let rulebook = match bundles {
            Some(bundles) => Some(Rulebook::open(&db, bundles, skus).await?),
            None => None,
        };
        Ok(Stage {
            config,
            db,
            _postgres: postgres,
            kafka,
            rulebook,
        })
    }
}

fn start() -> anyhow::Result<(Cluster, InProcess)> {
    let postgres = Cluster::start(&SERVER_SETTINGS)?;
    postgres.create_database(DATABASE, None)?;
    let kafka =
        InProcess::start(&[(TOPIC, PARTITIONS)]).context("the in-process broker does not start")?;
    Ok((postgres, kafka))
}

fn at(mut config: Config, postgres: &Cluster, kafka: &InProcess) -> Config {
    config.database.url = postgres.url(DATABASE);
    config.kafka.brokers = kafka.bootstrap();
    config.kafka.topic = TOPIC.to_owned();
    config.kafka.properties.clear();
    // Any free port, so that a service or another demo may run beside this one.
    config.admin = Admin {
        listen: ([127, 0, 0, 1], 0).into(),
        token: None,
    };
    config
}
