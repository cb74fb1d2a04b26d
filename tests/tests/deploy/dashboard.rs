//! Names of metrics: what the dashboard and the alerts ask for is in the code, and what is in the
//! code is shown or explained. Reads the sources of `plimsoll-telemetry`, the only place of names.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::{all_alerts, all_annotations, all_queries, dashboard, list, string, text};

/// What the names of our metrics begin with; the latter two are the conventions of OpenTelemetry.
const PREFIXES: [&str; 3] = ["plimsoll_", "messaging_", "db_"];

/// What a histogram's series add to its name.
const OF_HISTOGRAMS: [&str; 3] = ["_bucket", "_sum", "_count"];

/// Every name that a metric is made with: a string that consists of one.
fn in_code() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![PathBuf::from("../crates/telemetry/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the sources are there") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let source = fs::read_to_string(&path).expect("text");
                names.extend(
                    source
                        .split('"')
                        .filter(|it| is_name(it))
                        .map(str::to_owned),
                );
            }
        }
    }
    names
}

fn is_name(text: &str) -> bool {
    let prefixed = PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    prefixed && !text.ends_with('_') && text.chars().all(is_of_a_name)
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn names_in(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_of_a_name(c)).filter(|it| is_name(it))
}

/// The metric that a series belongs to.
fn metric<'a>(series: &'a str, known: &BTreeSet<String>) -> &'a str {
    let of_histogram = OF_HISTOGRAMS.iter().find_map(|it| series.strip_suffix(it));
    of_histogram
        .filter(|name| known.contains(*name))
        .unwrap_or(series)
}

#[test]
fn every_metric_that_is_asked_for_exists() {
    let known = in_code();
    let alerts = all_alerts();
    let alerts = alerts.iter().map(|it| {
        (
            string(&it["alert"]).to_owned(),
            string(&it["expr"]).to_owned(),
        )
    });
    for (place, query) in all_queries()
        .into_iter()
        .chain(all_annotations())
        .chain(alerts)
    {
        // The others' labels begin as their names do; a real Prometheus answers for those.
        for name in names_in(&query).filter(|it| it.starts_with("plimsoll_")) {
            assert!(known.contains(metric(name, &known)), "{place}: {name}");
        }
    }
}

#[test]
fn every_metric_is_on_the_dashboard_or_in_the_readme() {
    let known = in_code();
    assert!(known.len() > 20, "the sources are read: {known:?}");
    let queries: String = all_queries()
        .into_iter()
        .map(|(_, query)| query + "\n")
        .collect();
    let shown = queries + &text("README.md");
    let shown: BTreeSet<&str> = names_in(&shown).map(|name| metric(name, &known)).collect();
    let missing: Vec<_> = known
        .iter()
        .filter(|name| !shown.contains(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_panel_says_what_is_normal_and_has_a_place_of_its_own() {
    let dashboard = dashboard();
    let mut ids = BTreeSet::new();
    for panel in list(&dashboard["panels"]) {
        assert!(ids.insert(panel["id"].as_u64()), "{panel}");
        let wordless = ["row", "text"].contains(&string(&panel["type"]));
        let says = |word| string(&panel["description"]).contains(word);
        assert!(
            wordless || says("Normal: ") || says("0 over a day"),
            "{panel}"
        );
    }
}
