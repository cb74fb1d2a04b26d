//! Releases what waits for products that came to exist, as long as the service runs. Does not know
//! who creates them.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::{By, release_sku};
use crate::complaint::Complaint;
use crate::database::statement;
use crate::store::{Store, told};

/// SKUs that one look takes at most.
const SKUS_MAX: u32 = 100;
/// A look that took this long leaves the others to the next: a product that somebody else has
/// locked takes the whole lock timeout.
const LOOK_MAX: Duration = Duration::from_secs(5);
/// After a way round on which one failed: each failure costs connections and locks.
const AGAIN: Duration = Duration::from_secs(30);
/// SKUs whose failure is said. Where more fail, they fail for the same reason.
const COMPLAINTS_MAX: usize = 20;

/// SKUs whose events wait for a product that is there by now, met by a lane meanwhile or not.
const CAME: &str = "
SELECT DISTINCT e.sku FROM plimsoll_internal.parked_events e JOIN products p ON p.sku = e.sku
WHERE e.code = 'unknown_sku' AND e.sku > $1 ORDER BY e.sku LIMIT $2";

/// Goes round all SKUs that wait, so that none that fails keeps another from its turn.
#[derive(Default)]
pub(crate) struct Came {
    /// The SKU that was tried last; empty at the start of each way round.
    tried: String,
    /// What failed on this way round.
    failing: HashMap<String, Complaint>,
    /// What failed on the one before.
    failed: HashMap<String, Complaint>,
    /// When the next way round begins, if one failed.
    again: Option<Instant>,
}

impl Came {
    /// Releases those that come next. A failure of one is said; an error is about all of them.
    pub(crate) async fn look(
        &mut self,
        store: &Arc<Store>,
        db: &DatabaseConnection,
    ) -> Result<(), DbErr> {
        let began = Instant::now();
        if self.tried.is_empty() && self.again.is_some_and(|again| began < again) {
            return Ok(());
        }
        let values = [self.tried.as_str().into(), i64::from(SKUS_MAX).into()];
        let rows = db.query_all_raw(statement(CAME, values)).await?;
        let skus = rows.iter().map(|row| row.try_get_by_index(0));
        let skus = skus.collect::<Result<Vec<String>, DbErr>>()?;
        let last = skus.len() < SKUS_MAX as usize;
        for sku in skus {
            if began.elapsed() > LOOK_MAX {
                return Ok(());
            }
            match release_sku(store, &sku, By::Rules).await {
                Ok(released) => tracing::info!(
                    sku,
                    ?released,
                    "a product came to exist; its parked events are released"
                ),
                Err(err) => self.complain(&sku, &err),
            }
            self.tried = sku;
        }
        if last {
            self.tried.clear();
            self.failed = mem::take(&mut self.failing);
            self.again = (!self.failed.is_empty()).then(|| began + AGAIN);
        }
        Ok(())
    }

    fn complain(&mut self, sku: &str, err: &DbErr) {
        if self.failing.len() < COMPLAINTS_MAX {
            let mut complaint = self.failed.remove(sku).unwrap_or_default();
            let what = format!("{sku} came to exist, and its parked events cannot be released");
            complaint.hear(&what, Some(told(err)));
            self.failing.insert(sku.to_owned(), complaint);
        }
    }
}
