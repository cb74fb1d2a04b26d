//! `plimsoll verify`: proves from the database alone, in one snapshot, that stock and ledger are
//! right and that every record has one row. It reads no topic: that a record was never read
//! cannot be seen here, only that none was applied twice, out of order or past its position.
//!
//! The work is done by the server, which sorts the ledger on its disk; nothing grows here.

mod checks;
mod report;

use std::time::{Duration, Instant};

use plimsoll_core::database::Settings;
use sea_orm::sqlx::postgres::PgTransaction;
use sea_orm::sqlx::types::Json;
use sea_orm::sqlx::{Row, query, query_scalar};

use crate::cli::Verify;
use crate::config::Config;
use crate::database;
use crate::exit::{Failure, Verdict};
use crate::say;
use checks::{BELOW_TODAYS_FLOOR, CHECKS, COUNTS, Check, PARTITIONS};
use report::Checked;
pub(crate) use report::{Broken, Report};

/// Everything is seen as of one moment, and nothing can be written.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Memory of the server for each sort, before it takes to its disk.
const WORK_MEM: &str = "SET LOCAL work_mem = '64MB'";

/// A check that takes longer says so, again and again.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) async fn run(config: &Config, options: &Verify) -> Result<Verdict, Failure> {
    let report = examine(&config.database, options.limit).await?;
    if options.json {
        say::json(&report);
    } else {
        report.print();
    }
    Ok(Verdict::finding_if(!report.holds))
}

/// Looks at everything, naming at most `limit` places for each check.
pub(crate) async fn examine(settings: &Settings, limit: i64) -> Result<Report, Failure> {
    let db = database::open(settings, "verify").await?;
    let mut tx = db.begin_with(SNAPSHOT).await?;
    query(WORK_MEM).execute(&mut *tx).await?;
    let Json(counts) = query_scalar(COUNTS).fetch_one(&mut *tx).await?;
    let partitions = crate::reads::unpack::<report::Partition>(
        query_scalar(PARTITIONS).fetch_all(&mut *tx).await?,
    );
    let mut checked = Vec::new();
    for check in &CHECKS {
        checked.push(patiently(check.claim, perform(&mut tx, check, limit)).await?);
    }
    let broken = partitions
        .iter()
        .filter_map(report::Partition::broken)
        .collect();
    checked.push(Checked {
        invariant: "I7",
        claim: "no record lies at or beyond its partition's position",
        broken,
    });
    let lines_below_todays_floor = query_scalar(BELOW_TODAYS_FLOOR).fetch_one(&mut *tx).await?;
    tx.rollback().await?;
    checked.sort_by_key(|check| number(check.invariant));
    let holds = checked.iter().all(|check| check.broken.is_empty());
    Ok(Report {
        holds,
        counts,
        partitions,
        checks: checked,
        lines_below_todays_floor,
    })
}

/// Of an invariant, to sort by: `I14` comes after `I2`.
fn number(invariant: &str) -> Option<u32> {
    invariant
        .split_whitespace()
        .next()?
        .strip_prefix('I')?
        .parse()
        .ok()
}

async fn perform(
    tx: &mut PgTransaction<'_>,
    check: &Check,
    limit: i64,
) -> Result<Checked, Failure> {
    let asked = check.products.iter();
    let asked = asked.fold(query(check.sql).bind(limit), |query, end| query.bind(end));
    let rows = asked.fetch_all(&mut **tx).await?;
    let broken = rows.iter().map(|row| {
        Ok(Broken {
            place: row.try_get(0)?,
            what: row.try_get(1)?,
        })
    });
    let broken = broken.collect::<Result<_, sea_orm::sqlx::Error>>()?;
    Ok(Checked {
        invariant: check.invariant,
        claim: check.claim,
        broken,
    })
}

/// Waits, and tells on standard error that and for how long.
async fn patiently<T>(claim: &str, work: impl Future<Output = T>) -> T {
    let started = Instant::now();
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(PATIENCE) => say::note(format_args!("checking that {claim} ({} s)", started.elapsed().as_secs())),
        }
    }
}
