//! `plimsoll rules rollback`: makes an older ruleset the desired one again, as a new revision.

use plimsoll_core::rules;

use super::{Rollback, store};
use crate::config::Config;
use crate::exit::{Failure, Verdict};
use crate::{say, who};

pub(super) async fn run(config: &Config, options: &Rollback) -> Result<Verdict, Failure> {
    let (db, shelf) = (store::open(config).await?, store::shelf(config)?);
    let by = options.by.clone().unwrap_or_else(who::user_at_host);
    let back = rules::rollback(&db, &shelf, options.to, &by).await;
    let back = back.map_err(store::failure)?;
    say::line(format_args!(
        "Revision {} is desired: it repeats revision {}. `plimsoll rules status` shows who follows.",
        back.revision, back.repeats
    ));
    Ok(Verdict::Done)
}
