//! `plimsoll rules status`: the desired ruleset, and who follows it. A running replica that does
//! not is a finding.

use plimsoll_core::rules::{self, Desired, Replica, Status};

use super::store;
use crate::config::Config;
use crate::exit::{Failure, Verdict};
use crate::say::{self, Column};

pub(super) async fn run(config: &Config, json: bool) -> Result<Verdict, Failure> {
    let db = store::open(config).await?;
    let status = rules::status(&db).await.map_err(store::failure)?;
    if json {
        say::json(&status);
    } else {
        print(&status);
    }
    let desired = status.desired.map_or(0, |desired| desired.revision);
    let behind = |replica: &Replica| replica.running && replica.active != desired;
    Ok(Verdict::finding_if(status.replicas.iter().any(behind)))
}

fn print(status: &Status) {
    match &status.desired {
        Some(desired) => print_desired(desired),
        None => say::line("No ruleset was activated yet: floors alone decide."),
    }
    if status.replicas.is_empty() {
        say::note("No replica was heard of within a day.");
        return;
    }
    say::line("");
    let columns = [
        Column::Left("replica"),
        Column::Right("active"),
        Column::Left("last heard of"),
        Column::Left("runs"),
        Column::Left("error"),
    ];
    let rows = status.replicas.iter().map(|replica| {
        vec![
            replica.instance.clone(),
            replica.active.to_string(),
            replica.updated_at.clone(),
            if replica.running { "yes" } else { "no" }.to_owned(),
            replica.error.clone().unwrap_or_default(),
        ]
    });
    say::table(&columns, &rows.collect::<Vec<_>>());
}

fn print_desired(desired: &Desired) {
    let reason = desired
        .reason
        .as_deref()
        .map(|reason| format!(": {reason}"));
    say::line(format_args!(
        "Revision {} ({}), activated {} by {}{}",
        desired.revision,
        desired.digest,
        desired.activated_at,
        desired.activated_by,
        reason.unwrap_or_default()
    ));
    let columns = [
        Column::Left("rule"),
        Column::Left("version"),
        Column::Left("mode"),
        Column::Right("priority"),
        Column::Left("bundle"),
    ];
    let rows = desired.rules.iter().map(|rule| {
        vec![
            rule.name.clone(),
            rule.version.clone(),
            rule.mode.clone(),
            rule.priority.to_string(),
            rule.bundle.clone(),
        ]
    });
    say::table(&columns, &rows.collect::<Vec<_>>());
}
