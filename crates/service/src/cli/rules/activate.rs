//! `plimsoll rules activate`: makes a ruleset the desired one. What a replica would refuse is
//! refused here.

use plimsoll_core::rules::{self, Wish};
use plimsoll_rule_host::Document;

use super::{Activate, store};
use crate::config::Config;
use crate::exit::{Failure, Verdict};
use crate::{say, who};

pub(super) async fn run(config: &Config, options: &Activate) -> Result<Verdict, Failure> {
    let path = options.file.display();
    let text = std::fs::read_to_string(&options.file)
        .map_err(|error| Failure::usage(format!("cannot read {path}: {error}"), ""))?;
    let document = Document::from_toml(&text).map_err(|error| {
        let why = rules::Error::from(error).reason();
        Failure::failed(format!("{path}: {why}"), "")
    })?;
    let (db, shelf) = (store::open(config).await?, store::shelf(config)?);
    let wish = Wish {
        by: &options.by.clone().unwrap_or_else(who::user_at_host),
        reason: &options.reason,
        expected: options.expected,
    };
    let created_floor = config.rules.created_floor;
    let activated = rules::activate(&db, &shelf, &document, created_floor, wish).await;
    let revision = activated.map_err(store::failure)?;
    say::line(format_args!(
        "Revision {revision} is desired: {}. `plimsoll rules status` shows who follows.",
        say::plural(
            i64::try_from(document.rules.len()).unwrap_or(i64::MAX),
            "rule"
        )
    ));
    Ok(Verdict::Done)
}
