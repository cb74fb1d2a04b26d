//! Each rule's answer, repeated: asked again by the very bundle that decided, about the stock that
//! it decided on. Whoever signed it need not be believed any more.

use std::collections::HashMap;
use std::sync::Arc;

use plimsoll_core::rules::{self, Lent, Shelf};
use plimsoll_domain::{Kind, Seen};
use plimsoll_rule_host::Ruleset;
use plimsoll_rule_host::bundle::Trust;
use plimsoll_wire::Facts;
use sea_orm::sqlx::postgres::PgPool;
use sea_orm::sqlx::query_scalar;
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use serde::Serialize;

use super::fate::{Fate, Room};
use crate::exit::Failure;

/// What one rule says about an event.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Answer {
    rule: String,
    bundle: String,
    /// Whether it counted; otherwise it was only a shadow.
    enforced: bool,
    says: String,
    /// Whether it was told the floor of now: a line of the ledger does not keep that of its day.
    floor_of_now: bool,
}

/// Rulesets of the past, made ready again as they are needed.
pub(super) struct Repeater {
    db: DatabaseConnection,
    shelf: Option<Arc<Shelf>>,
    rulesets: HashMap<i32, Arc<Ruleset>>,
}

impl Repeater {
    pub(super) fn new(db: &PgPool) -> Repeater {
        Repeater {
            db: SqlxPostgresConnector::from_sqlx_postgres_pool(db.clone()),
            shelf: None,
            rulesets: HashMap::new(),
        }
    }

    /// The answers behind a row; none where no rule had a say. Why they cannot be repeated is said
    /// instead of them.
    pub(super) async fn answers(&mut self, fate: &Fate) -> Result<Vec<Answer>, String> {
        let answers = self.repeat(fate).await;
        answers.map_err(|failure| format!("the rules cannot be asked again: {}", failure.what()))
    }

    async fn repeat(&mut self, fate: &Fate) -> Result<Vec<Answer>, Failure> {
        let (Some(sku), Some(kind)) = (fate.sku.as_deref(), kind(fate)) else {
            return Ok(Vec::new());
        };
        let Some(seen) = self.seen(fate, sku).await? else {
            return Ok(Vec::new());
        };
        let facts = fate
            .facts
            .as_ref()
            .map(|facts| Facts::unpack(&facts.to_string()));
        let facts = facts
            .transpose()
            .map_err(|error| Failure::failed(error.to_string(), ""))?;
        let nature = facts.as_ref().map_or_else(
            || Facts::default().nature_of(kind),
            |facts| facts.nature_of(kind),
        );
        let occurred_ms = fate.occurred_ms.unwrap_or(0);
        let lent = Lent::of(sku, kind, nature, occurred_ms, facts.as_ref());
        let ruleset = self.ruleset(fate.ruleset_revision).await?;
        let answers = ruleset
            .answers(&lent.meets(seen))
            .map_err(|error| Failure::environment(error.to_string(), ""))?;
        let floor_of_now = fate.room == Room::Ledger;
        let answer = |answer| Answer::of(answer, floor_of_now);
        Ok(answers.into_iter().map(answer).collect())
    }

    /// The product as rules saw it. A line of the ledger does not keep the floor of its day.
    async fn seen(&self, fate: &Fate, sku: &str) -> Result<Option<Seen>, Failure> {
        if !asked_rules(fate) {
            return Ok(None);
        }
        if fate.room != Room::Ledger {
            let seen = (fate.stock_seen, fate.version_seen, fate.floor_seen);
            return Ok(match seen {
                (Some(stock), Some(version), Some(floor)) => Some(Seen {
                    stock,
                    version,
                    floor,
                }),
                _ => None,
            });
        }
        let floor = query_scalar("SELECT stock_floor FROM products WHERE sku = $1").bind(sku);
        let pool = self.db.get_postgres_connection_pool();
        let floor: i64 = floor.fetch_one(pool).await?;
        let (after, change) = (fate.stock_after, fate.quantity_change);
        Ok(Some(Seen {
            stock: after.unwrap_or(0).saturating_sub(change.unwrap_or(0)),
            version: fate.version.unwrap_or(0).saturating_sub(1),
            floor,
        }))
    }

    async fn ruleset(&mut self, revision: i32) -> Result<Arc<Ruleset>, Failure> {
        if let Some(ruleset) = self.rulesets.get(&revision) {
            return Ok(Arc::clone(ruleset));
        }
        let failed = |error: rules::Error| {
            let why = error.reason();
            Failure::failed(format!("the rules of revision {revision}: {why}"), "")
        };
        let shelf = match &self.shelf {
            Some(shelf) => Arc::clone(shelf),
            None => Shelf::new(Trust::anyone()).map_err(failed)?,
        };
        self.shelf = Some(Arc::clone(&shelf));
        let stored = rules::load(&self.db, revision).await.map_err(failed)?;
        let ruleset = Arc::new(shelf.ruleset(stored).await.map_err(failed)?);
        self.rulesets.insert(revision, Arc::clone(&ruleset));
        Ok(ruleset)
    }
}

impl Answer {
    fn of(answer: plimsoll_rule_host::ruleset::Answer, floor_of_now: bool) -> Answer {
        Answer {
            rule: answer.rule.to_string(),
            bundle: answer.bundle.to_string(),
            enforced: answer.enforced,
            says: answer.says,
            floor_of_now,
        }
    }

    /// One line for people.
    pub(super) fn line(&self) -> String {
        let shadow = if self.enforced {
            ""
        } else {
            " (only a shadow)"
        };
        let floor = if self.floor_of_now {
            ", asked with the floor of now"
        } else {
            ""
        };
        let Answer {
            rule, says, bundle, ..
        } = self;
        format!("  {rule}{shadow}: {says}{floor}; bundle {bundle}")
    }
}

/// Whether rules had a say; what came before them did not ask.
fn asked_rules(fate: &Fate) -> bool {
    let code = fate.code.as_deref().unwrap_or_default();
    let before = ["event_id_conflict", "stale", "behind", "unknown_sku"];
    let refused = fate.outcome.as_deref();
    fate.ruleset_revision > 0
        && !before.contains(&code)
        && !matches!(refused, Some("duplicate" | "malformed" | "unknown_sku"))
}

fn kind(fate: &Fate) -> Option<Kind> {
    let quantity = fate.quantity?;
    match fate.kind.as_deref()? {
        "adjust" => Some(Kind::Adjust(quantity)),
        "count" => Some(Kind::Count(quantity)),
        _ => None,
    }
}
