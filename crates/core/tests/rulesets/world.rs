//! A database for each test, with people who change its rules and replicas that follow them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use plimsoll_core::database;
use plimsoll_core::rules::{self, Error, Rules, Settings, Shelf, Wish};
use plimsoll_rule_host::bundle::Digest;
use plimsoll_rule_host::{Document, Ruleset};
use plimsoll_sandbox::postgres::Cluster;
use plimsoll_telemetry::Metrics;
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::bundles;

/// Whatever a test waits for comes within this time, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);
/// How often a condition is looked at.
const PACE: Duration = Duration::from_millis(20);

pub(crate) struct World {
    pub(crate) db: DatabaseConnection,
    pub(crate) url: String,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) created_floor: Option<i64>,
}

impl World {
    pub(crate) async fn new() -> Result<World> {
        let url = migrated().await?;
        Ok(World {
            db: Database::connect(&url).await?,
            url,
            shelf: Shelf::new(bundles::trust())?,
            created_floor: None,
        })
    }

    /// Pushes a signed bundle of this name.
    pub(crate) async fn pushed(&self, name: &str) -> Result<Digest> {
        self.push(&bundles::signed(&bundles::named(name))).await
    }

    pub(crate) async fn push(&self, file: &[u8]) -> Result<Digest> {
        Ok(rules::push(&self.db, &self.shelf, file, "pusher")
            .await?
            .digest)
    }

    /// Stores a file past every check, as somebody with SQL could.
    pub(crate) async fn smuggle(&self, digest: Digest, file: &[u8]) -> Result<()> {
        let hex: String = file.iter().map(|byte| format!("{byte:02x}")).collect();
        self.sql(&format!(
            "INSERT INTO plimsoll_internal.bundles (digest, name, version, file, pushed_by)
             VALUES ('{digest}', 'smuggled', '1', '\\x{hex}', 'nobody')"
        ))
        .await
    }

    /// Stores a ruleset past every check.
    pub(crate) async fn impose(&self, document: &Document) -> Result<()> {
        self.impose_all(std::slice::from_ref(document)).await
    }

    /// Stores rulesets past every check, all at once: nobody meets only some of them.
    pub(crate) async fn impose_all(&self, documents: &[Document]) -> Result<()> {
        let all: Vec<String> = documents.iter().map(imposing).collect();
        self.sql(&all.join(";")).await
    }

    pub(crate) async fn activate(&self, toml: &str) -> Result<i32, Error> {
        self.activate_if(None, toml).await
    }

    pub(crate) async fn activate_if(
        &self,
        expected: Option<i32>,
        toml: &str,
    ) -> Result<i32, Error> {
        let wish = Wish {
            by: "activator",
            reason: "",
            expected,
        };
        let document = Document::from_toml(toml)?;
        rules::activate(&self.db, &self.shelf, &document, self.created_floor, wish).await
    }

    /// A replica that believes the test's key, once it may run.
    pub(crate) async fn replica(&self, name: &str) -> Result<Replica> {
        self.replica_with(name, &bundles::settings()).await
    }

    pub(crate) async fn replica_with(&self, name: &str, settings: &Settings) -> Result<Replica> {
        let replica = Replica::new(settings, &self.url, name)?;
        replica.rules.start().await?;
        Ok(replica.follow())
    }

    pub(crate) async fn sql(&self, statements: &str) -> Result<()> {
        let done = self.db.execute_unprepared(statements).await;
        done.with_context(|| statements.to_owned())?;
        Ok(())
    }

    /// The only value of the only row, as text.
    pub(crate) async fn value(&self, query: &str) -> Result<String> {
        let query = format!("SELECT coalesce(({query})::text, 'NULL')");
        let statement = Statement::from_string(DbBackend::Postgres, query);
        let row = self.db.query_one_raw(statement).await?;
        Ok(row.context("one row")?.try_get_by_index(0)?)
    }

    /// Waits until a query answers this.
    pub(crate) async fn until(&self, query: &str, expected: impl ToString) -> Result<()> {
        let (deadline, expected) = (Instant::now() + LIMIT, expected.to_string());
        loop {
            let answer = self.value(query).await?;
            if answer == expected {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{query}\nis {answer}, not {expected}");
            }
            tokio::time::sleep(PACE).await;
        }
    }
}

fn imposing(document: &Document) -> String {
    format!(
        "INSERT INTO plimsoll_internal.rulesets (revision, digest, document, activated_by)
         SELECT coalesce(max(revision), 0) + 1, '{}', '{}', 'nobody' FROM plimsoll_internal.rulesets",
        document.digest(),
        document.to_json()
    )
}

/// A process that follows.
pub(crate) struct Replica {
    pub(crate) rules: Arc<Rules>,
    metrics: Arc<Metrics>,
    following: Option<JoinHandle<()>>,
}

impl Replica {
    pub(crate) fn new(settings: &Settings, url: &str, name: &str) -> Result<Replica> {
        let database = database::Settings {
            url: url.to_owned(),
            relaxed: false,
        };
        let metrics = Arc::new(Metrics::new());
        Ok(Replica {
            rules: Rules::new(settings, &database, name, &metrics)?,
            metrics,
            following: None,
        })
    }

    pub(crate) fn follow(mut self) -> Replica {
        self.following = Some(tokio::spawn(Arc::clone(&self.rules).follow()));
        self
    }

    /// Waits until it decides by this revision.
    pub(crate) async fn reaches(&self, revision: i32) -> Result<Arc<Ruleset>> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let now = self.rules.now();
            if now.revision() == revision {
                return Ok(now);
            }
            if Instant::now() > deadline {
                bail!("it decides by revision {}, not {revision}", now.revision());
            }
            tokio::time::sleep(PACE).await;
        }
    }

    pub(crate) fn shows(&self, series: &str) -> bool {
        self.metrics.text().lines().any(|line| line == series)
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(following) = &self.following {
            following.abort();
        }
    }
}

fn cluster() -> &'static Cluster {
    static CLUSTER: OnceLock<Cluster> = OnceLock::new();
    CLUSTER.get_or_init(|| Cluster::start(&[("fsync", "off")]).expect("PostgreSQL starts"))
}

/// The URL of a database that was migrated, for one test.
async fn migrated() -> Result<String> {
    static TEMPLATE: OnceCell<()> = OnceCell::const_new();
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let make = async || {
        cluster().create_database("migrated", None)?;
        let db = Database::connect(&cluster().url("migrated")).await?;
        plimsoll_migrations::up(&db).await?;
        anyhow::Ok(db.close().await?)
    };
    TEMPLATE.get_or_try_init(make).await?;
    let name = format!("rules_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    cluster().create_database(&name, Some("migrated"))?;
    Ok(cluster().url(&name))
}
