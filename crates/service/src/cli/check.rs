//! `plimsoll check`: everything that is wrong with a configuration, and with `--connect` with what
//! it names, each finding with its key and what to do. It changes nothing anywhere.

mod database;
mod kafka;
mod traces;

use super::arguments::Check;
use crate::config::{Config, Finding};
use crate::exit::{Failure, Verdict};
use crate::say;

/// What was found at one of the servers: a sentence if all is well.
type Found = Result<String, Vec<Finding>>;

pub(super) async fn run(
    config: Result<Config, Vec<Finding>>,
    options: &Check,
) -> Result<Verdict, Failure> {
    let config = match config {
        Ok(config) => config,
        Err(findings) => {
            print(options.json, &[], &findings);
            return Err(Failure::Configuration(findings));
        }
    };
    let mut good = vec!["The configuration has no finding.".to_owned()];
    let mut findings = Vec::new();
    if options.connect {
        let (kafka, database, traces) = tokio::join!(
            kafka::check(config.kafka.clone()),
            database::check(&config.database),
            traces::check(&config)
        );
        for found in [kafka, database].into_iter().chain(traces) {
            match found {
                Ok(sentence) => good.push(sentence),
                Err(more) => findings.extend(more),
            }
        }
    }
    print(options.json, &good, &findings);
    if findings.is_empty() {
        Ok(Verdict::Done)
    } else {
        Err(Failure::Surroundings(findings))
    }
}

fn print(json: bool, good: &[String], findings: &[Finding]) {
    if json {
        say::json(&serde_json::json!({ "ok": findings.is_empty(), "findings": findings }));
    } else {
        good.iter().for_each(say::line);
    }
}
