//! `plimsoll rules push`: stores bundles, each for itself. Nothing decides by them until a ruleset
//! that names them is activated.

use plimsoll_core::rules;

use super::{Push, store};
use crate::config::Config;
use crate::exit::{Failure, Verdict};
use crate::{say, who};

pub(super) async fn run(config: &Config, options: &Push) -> Result<Verdict, Failure> {
    let mut files = Vec::new();
    for path in &options.files {
        let file = std::fs::read(path).map_err(|error| {
            let what = format!("cannot read {}: {error}", path.display());
            Failure::usage(what, "name the files that `plimsoll rules build` wrote")
        })?;
        files.push((path, file));
    }
    let (db, shelf) = (store::open(config).await?, store::shelf(config)?);
    let by = who::user_at_host();
    for (path, file) in files {
        let pushed = rules::push(&db, &shelf, &file, &by).await;
        let pushed = pushed.map_err(|error| match error {
            rules::Error::File(_) => {
                Failure::failed(format!("{}: {}", path.display(), error.reason()), "")
            }
            other => store::failure(other),
        })?;
        let done = if pushed.new { "pushed" } else { "was there" };
        say::line(format_args!(
            "{} {} {} {done}",
            pushed.digest, pushed.name, pushed.version
        ));
    }
    Ok(Verdict::Done)
}
