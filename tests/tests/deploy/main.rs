//! What `deploy/` says, held against the service: metrics against the code, alerts against their
//! tests and runbook, compose.yaml against the configuration, and all queries against a real
//! Prometheus that scrapes the service. Whether tools accept the files is `cargo xtask test`'s business.

mod alerts;
mod compose;
mod dashboard;
mod live;

use std::path::{PathBuf, absolute};

use serde_json::Value;

/// A file of `deploy/`.
fn path(name: &str) -> PathBuf {
    let deploy = absolute("../deploy").expect("tests run in their package");
    deploy.join(name)
}

fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn yaml(name: &str) -> Value {
    serde_saphyr::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The items of a list; none where there is no list.
fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn string(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("not a text: {value}"))
}

/// The alerts, in their order.
fn all_alerts() -> Vec<Value> {
    let file = yaml("prometheus/alerts.yaml");
    let groups = list(&file["groups"]).iter();
    groups
        .flat_map(|group| list(&group["rules"]).to_vec())
        .collect()
}

fn dashboard() -> Value {
    serde_json::from_str(&text("grafana/plimsoll.json")).expect("JSON")
}

/// What the panels of the dashboard ask, each with the title of its panel.
fn all_queries() -> Vec<(String, String)> {
    let mut queries = Vec::new();
    for panel in list(&dashboard()["panels"]) {
        for target in list(&panel["targets"]) {
            let (title, query) = (string(&panel["title"]), string(&target["expr"]));
            queries.push((title.to_owned(), query.to_owned()));
        }
    }
    queries
}

/// What marks moments on the panels: an answer only where something happened.
fn all_annotations() -> Vec<(String, String)> {
    let dashboard = dashboard();
    let annotations = list(&dashboard["annotations"]["list"]).iter();
    annotations
        .map(|it| {
            (
                string(&it["name"]).to_owned(),
                string(&it["expr"]).to_owned(),
            )
        })
        .collect()
}
