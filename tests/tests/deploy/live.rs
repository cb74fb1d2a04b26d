//! A real Prometheus scrapes the service under load: every query of the dashboard has an answer, and
//! every alert can be evaluated.

use std::time::Duration;

use anyhow::Context;
use plimsoll_sandbox::prometheus::Prometheus;
use plimsoll_sandbox::tools;
use plimsoll_sandbox::workload::{Shape, Traffic, produce};
use plimsoll_tests::ours::{self, Plimsoll, Settings};
use plimsoll_tests::servers::{broker, database, topic};
use plimsoll_tests::skipped;
use serde_json::Value;

use crate::{all_alerts, all_annotations, all_queries, list, path, string};

const PATIENCE: Duration = Duration::from_secs(120);

const PARTITIONS: i32 = 3;

/// Records between two looks.
const LOAD: usize = 500;

/// What Grafana puts in for its variables. Four scrapes, as it does.
const RATE_INTERVAL: &str = "4s";
const JOB: &str = "plimsoll";

/// What holds of such a load, beside that there is an answer.
const HOLDS: [&str; 2] = [
    "plimsoll_partition_position > 0",
    "plimsoll_parked_oldest_seconds > 0",
];

/// Stock is short and some SKUs have no product, so that every outcome comes.
fn shape() -> Shape {
    Shape {
        partitions: PARTITIONS,
        skus: 200,
        duplicates: 0.05,
        poison: 0.02,
        increase_share: 0.5,
        ..Shape::default()
    }
}

/// A rule that decides and one that only watches, and would decide otherwise.
fn rule(settings: &Settings) {
    let folder = tempfile::tempdir().expect("a folder");
    let says = |arguments: &[&str]| ours::succeed(settings, arguments).expect("it is done");
    let digest = |rule: &str| {
        let bundle = folder.path().join(rule).display().to_string();
        let source = path("../rules").join(rule).display().to_string();
        says(&["rules", "build", "--path", &source, "--out", &bundle]);
        let pushed = says(&["rules", "push", &bundle]);
        pushed
            .split(' ')
            .next()
            .expect("it begins with the digest")
            .to_owned()
    };
    let ruleset = format!(
        "[[rules]]\nbundle = '{}'\nmode = 'enforce'\n\
         [[rules]]\nbundle = '{}'\nmode = 'shadow'\nparameters = {{ maximum = 1 }}\n",
        digest("no-negative-stock"),
        digest("order-quantity-limits"),
    );
    let file = folder.path().join("ruleset.toml");
    std::fs::write(&file, ruleset).expect("a file");
    says(&["rules", "activate", &file.display().to_string()]);
}

fn scraping(plimsoll: &Plimsoll) -> Prometheus {
    let alerts = path("prometheus/alerts.yaml")
        .canonicalize()
        .expect("alerts");
    let configuration = format!(
        "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\n\
         rule_files: ['{}']\n\
         scrape_configs: [{{ job_name: {JOB}, static_configs: [{{ targets: ['{}'] }}] }}]\n",
        alerts.display(),
        plimsoll.address().expect("it listens")
    );
    Prometheus::start(&configuration).expect("Prometheus starts")
}

fn get(url: &str, query: Option<&str>) -> anyhow::Result<Value> {
    let mut request = ureq::get(url);
    if let Some(query) = query {
        request = request.query("query", query);
    }
    Ok(request.call()?.body_mut().read_json()?)
}

/// The answer to a query of the dashboard.
fn ask(prometheus: &Prometheus, query: &str) -> anyhow::Result<Value> {
    let query = query
        .replace("$__rate_interval", RATE_INTERVAL)
        .replace("$job", JOB);
    let url = format!("{}/api/v1/query", prometheus.url());
    get(&url, Some(&query)).with_context(|| query)
}

/// The queries that have no answer yet: nothing, or no number.
fn unanswered(prometheus: &Prometheus) -> anyhow::Result<Vec<(String, String)>> {
    let is_number = |sample: &Value| sample["value"][1] != "NaN";
    let mut unanswered = Vec::new();
    let holds = HOLDS.map(|query| (query.to_owned(), query.to_owned()));
    for (title, query) in all_queries().into_iter().chain(holds) {
        let answer = ask(prometheus, &query)?;
        if !list(&answer["data"]["result"]).iter().any(is_number) {
            unanswered.push((title, query));
        }
    }
    Ok(unanswered)
}

/// The alerts that were evaluated, each with what went wrong.
fn evaluated(prometheus: &Prometheus) -> anyhow::Result<Vec<(String, String)>> {
    let answer = get(&format!("{}/api/v1/rules", prometheus.url()), None)?;
    let groups = list(&answer["data"]["groups"]).iter();
    let rules = groups.flat_map(|group| list(&group["rules"]));
    let known = rules.filter(|rule| rule["health"] != "unknown");
    Ok(known
        .map(|rule| {
            (
                string(&rule["name"]).to_owned(),
                rule["lastError"].to_string(),
            )
        })
        .collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_has_an_answer_and_every_alert_is_evaluated_while_events_flow() {
    if tools::prometheus().is_none() {
        skipped("there is no Prometheus; `cargo xtask setup` says why");
        return;
    }
    let bootstrap = broker().bootstrap();
    let topic = topic(PARTITIONS).await.expect("a topic");
    let mut settings = Settings::new(&database(None).expect("a database"), &bootstrap, &topic);
    settings.more = "[rules]\nunsigned = 'allow'".into();
    ours::prepare(&settings, 180, 20).await.expect("products");
    rule(&settings);
    let plimsoll = Plimsoll::start_ready(&settings).expect("it starts");
    let prometheus = scraping(&plimsoll);

    let mut traffic = Traffic::new(shape(), 5);
    let mut missing = Vec::new();
    let answered = ours::until(PATIENCE, "every query has an answer", async || {
        produce(&bootstrap, &topic, traffic.by_ref().take(LOAD))?;
        missing = unanswered(&prometheus)?;
        Ok(missing.is_empty() && evaluated(&prometheus)?.len() == all_alerts().len())
    });
    if let Err(error) = answered.await {
        panic!("{error}: {missing:#?}\n{}", plimsoll.log_tail());
    }
    for (alert, error) in evaluated(&prometheus).expect("it answers") {
        assert_eq!(error, "null", "{alert}");
    }
    for (_, query) in all_annotations() {
        ask(&prometheus, &query).expect("it can be asked");
    }
    plimsoll.stop().expect("it ends with 0");
}
