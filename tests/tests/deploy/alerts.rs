//! Alerts: each tells what it is, has a paragraph in the runbook, and is fired and not fired by a
//! test. The tests themselves are promtool's.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{all_alerts, list, string, text, yaml};

fn name(alert: &Value) -> &str {
    string(&alert["alert"])
}

#[test]
fn every_alert_says_how_bad_it_is_what_it_is_and_where_to_read_on() {
    let alerts = all_alerts();
    assert!(alerts.len() > 10, "the alerts are read: {alerts:?}");
    for alert in &alerts {
        let severity = string(&alert["labels"]["severity"]);
        assert!(["critical", "warning"].contains(&severity), "{alert}");
        for word in ["summary", "description"] {
            assert!(!string(&alert["annotations"][word]).is_empty(), "{alert}");
        }
        let anchor = format!("deploy/README.md#{}", name(alert).to_lowercase());
        assert_eq!(string(&alert["annotations"]["runbook_url"]), anchor);
    }
}

#[test]
fn the_runbook_has_a_paragraph_for_each_alert_and_for_no_other() {
    let alerts = all_alerts();
    let alerts: BTreeSet<&str> = alerts.iter().map(name).collect();
    let readme = text("README.md");
    let paragraphs: BTreeSet<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("### "))
        .filter(|heading| heading.starts_with("Plimsoll"))
        .collect();
    assert_eq!(alerts, paragraphs);
}

#[test]
fn every_alert_is_fired_by_a_test_that_is_quiet_before() {
    let tests = yaml("prometheus/alerts.test.yaml");
    for alert in all_alerts() {
        let fired = format!("alertname=\"{}\"", name(&alert));
        let fires = |case: &&Value| !samples(case, &fired).is_empty();
        let quiet = |test: &&Value| {
            list(&test["promql_expr_test"])
                .iter()
                .any(|case| list(&case["exp_samples"]).is_empty())
        };
        let mut tests = list(&tests["tests"]).iter().filter(quiet);
        let fired_by = tests.find_map(|test| list(&test["promql_expr_test"]).iter().find(fires));
        let fired_by = fired_by.unwrap_or_else(|| panic!("{fired}: no test"));
        for label in labels_told(&alert) {
            let told = |sample: &&str| sample.contains(&format!("{label}=\""));
            assert!(
                samples(fired_by, &fired).iter().all(told),
                "{fired} has no label {label} to tell"
            );
        }
    }
}

/// The samples that a case expects of one alert, as text.
fn samples<'a>(case: &'a Value, fired: &str) -> Vec<&'a str> {
    list(&case["exp_samples"])
        .iter()
        .map(|sample| string(&sample["labels"]))
        .filter(|labels| labels.contains(fired))
        .collect()
}

/// The labels that an alert's summary and description put into their text.
fn labels_told(alert: &Value) -> Vec<String> {
    let said = alert["annotations"].to_string();
    said.split("$labels.")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next())
        .map(str::to_owned)
        .collect()
}
