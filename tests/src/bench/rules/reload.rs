//! A new revision every 50 ms under a steady load, beside none: what it does to the age of events. Revisions are
//! written as `plimsoll rules activate` writes them, without its process.

use std::convert::Infallible;
use std::time::Duration;

use anyhow::Context;
use plimsoll_rule_host::{Bundle, Document};
use sea_orm::sqlx::{self, Connection, PgConnection};

use super::{pairs, shipped};
use crate::bench::latency::histogram::Histogram;
use crate::bench::latency::{METRIC, WARM_UP_SHARE, pace};
use crate::bench::measurement::median;
use crate::bench::progress;
use crate::bench::ratio::{self, Ratio};
use crate::bench::stage::{Schema, Stage};
use crate::ours::{Plimsoll, Settings};
use crate::servers;

const EVERY: Duration = Duration::from_millis(50);

/// Events per second: bundles that are compiled take most of a processor here, and what is asked is what they do to
/// events, not what a machine does that is full.
const RATE: f64 = 1_000.0;

/// How many decided.
const REVISIONS: &str = "SELECT count(DISTINCT ruleset_revision) FROM ledger";

/// What is new about each revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// There is none.
    Nothing,
    /// A number of one rule.
    Parameter,
    /// A bundle that was never seen, so that it is compiled and tried.
    Bundle,
}

impl News {
    const ALL: [News; 3] = [News::Nothing, News::Parameter, News::Bundle];

    pub(super) fn name(self) -> &'static str {
        match self {
            News::Nothing => "one revision",
            News::Parameter => "every 50 ms another parameter",
            News::Bundle => "every 50 ms another bundle",
        }
    }
}

/// The runs of one kind, by round.
pub(super) struct Replaced {
    pub(super) news: News,
    pub(super) runs: Vec<Run>,
}

/// One run; times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// Of the stage `fold`, in which rules are asked.
    pub(super) fold_p99_ms: f64,
    /// Revisions that decided an event.
    pub(super) revisions: i64,
}

impl Replaced {
    pub(super) fn median(&self, figure: impl Fn(&Run) -> f64) -> f64 {
        median(self.runs.iter().map(figure))
    }

    /// Its p99, of that of others.
    pub(super) fn ratio_to(&self, other: &Replaced) -> Ratio {
        let p99 = |run: &Run| run.p99_ms;
        ratio::of_pairs(self.runs.iter().map(p99).zip(other.runs.iter().map(p99)))
    }
}

pub(super) async fn run(stage: &Stage) -> anyhow::Result<Vec<Replaced>> {
    let lasting = Duration::from_secs(if stage.quick { 18 } else { 30 });
    let mut kinds = News::ALL.map(|news| Replaced {
        news,
        runs: Vec::new(),
    });
    progress("warming the servers up for small requests");
    under_load(stage, News::Nothing, lasting).await?;
    for round in 1..=stage.rounds {
        for kind in &mut kinds {
            let run = under_load(stage, kind.news, lasting).await?;
            progress(format_args!("round {round}: {}: {run:?}", kind.news.name()));
            kind.runs.push(run);
        }
    }
    Ok(kinds.into())
}

async fn under_load(stage: &Stage, news: News, lasting: Duration) -> anyhow::Result<Run> {
    let topic = stage.empty_topic().await?;
    let database = stage.database(Schema::Ruled, pairs::STEADY.skus).await?;
    let settings = shipped::believing(Settings::new(&database, &stage.bootstrap(), &topic));
    let documents = documents(&settings, news, pace::HEAD_START + lasting)?;
    let plimsoll = Plimsoll::start_ready(&settings)?;
    let producer = pace::start(stage, pairs::STEADY, &topic, RATE, lasting);
    let watched = async {
        tokio::time::sleep(pace::HEAD_START + lasting / WARM_UP_SHARE).await;
        let before = plimsoll.get("/metrics")?;
        producer.await??;
        anyhow::Ok((before, plimsoll.get("/metrics")?))
    };
    let (before, after) = tokio::select! {
        watched = watched => watched?,
        failed = replace(&database, documents) => match failed? {},
    };
    plimsoll.stop()?;
    let revisions = servers::number(&database, REVISIONS).await?;
    stage.drop_database(&database).await?;
    let between = |name, label| {
        let before = Histogram::read(name, label, &before)?;
        anyhow::Ok(Histogram::read(name, label, &after)?.since(&before))
    };
    let ages = between(METRIC, "")?;
    let folds = between("plimsoll_batch_duration_seconds", "stage=\"fold\"")?;
    Ok(Run {
        p50_ms: ages.quantile(0.50) * 1e3,
        p99_ms: ages.quantile(0.99) * 1e3,
        fold_p99_ms: folds.quantile(0.99) * 1e3,
        revisions,
    })
}

/// A ruleset for each time in a while; bundles that are new are pushed.
fn documents(settings: &Settings, news: News, lasting: Duration) -> anyhow::Result<Vec<Document>> {
    let mut bundles = shipped::bundles()?;
    let count = match news {
        News::Nothing => 0,
        News::Parameter | News::Bundle => lasting.as_millis() / EVERY.as_millis(),
    };
    let (mut documents, mut pushed) = (Vec::new(), Vec::new());
    for number in (1..).take(usize::try_from(count)?) {
        let mut kept_back = shipped::KEPT_BACK;
        match news {
            News::Nothing | News::Parameter => kept_back += i64::from(number % 2 == 1),
            News::Bundle => {
                let place = usize::try_from(number)? % bundles.len();
                bundles[place] = again(&bundles[place], number)?;
                pushed.push(bundles[place].clone());
            }
        }
        let text = shipped::document(&bundles, kept_back);
        documents.push(Document::from_toml(&text)?);
    }
    if !pushed.is_empty() {
        shipped::push(settings, &pushed)?;
    }
    Ok(documents)
}

/// The same rule under another version, which nobody has compiled yet.
fn again(bundle: &Bundle, patch: u32) -> anyhow::Result<Bundle> {
    let mut manifest = bundle.manifest().clone();
    manifest.version = format!("9.0.{patch}");
    Ok(Bundle::pack(
        &manifest,
        bundle.component().to_vec(),
        bundle.cases(),
    )?)
}

/// Writes one revision after the other, and then waits to be dropped.
async fn replace(database: &str, documents: Vec<Document>) -> anyhow::Result<Infallible> {
    let mut connection = PgConnection::connect(database).await?;
    let mut ticks = tokio::time::interval(EVERY);
    for document in documents {
        ticks.tick().await;
        let append = "INSERT INTO plimsoll_internal.rulesets (revision, digest, document, activated_by)
                      SELECT max(revision) + 1, $1, $2::jsonb, 'bench' FROM plimsoll_internal.rulesets";
        let append = sqlx::query(append).bind(document.digest().to_string());
        let appended = append
            .bind(document.to_json())
            .execute(&mut connection)
            .await;
        appended.context("writing a revision")?;
    }
    std::future::pending().await
}
