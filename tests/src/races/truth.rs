//! What the stock should be: the sum of the log. It believes no consumer.

use std::collections::BTreeMap;

use anyhow::anyhow;
use sea_orm::sqlx::{self, Connection, PgConnection};

use super::Job;
use crate::checker::{self, Quantity, Topic};

/// A product whose stock is not its opening plus all changes in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// The product.
    pub sku: String,
    /// Opening plus Σ changes, in units.
    pub expected: i64,
    /// What the database says.
    pub found: i64,
}

/// I1 for a database without a ledger: compares all products that the topic names, each of which started with
/// `opening` units. For topics without copies.
pub async fn broken_sums(job: &Job, opening: i64) -> anyhow::Result<Vec<Broken>> {
    let mut sums = BTreeMap::new();
    let mut topic = Topic::open(&job.bootstrap, &job.topic)?;
    for partition in 0..topic.partitions()? {
        for record in topic.log(partition)? {
            let event = checker::decode(&record?, false).map_err(|why| anyhow!("{why}"))?;
            let Quantity::Adjust(change) = event.quantity else {
                anyhow::bail!("a count has no sum")
            };
            *sums.entry(event.sku).or_insert(opening) += change;
        }
    }
    let mut connection = PgConnection::connect(&job.database_url).await?;
    let found: Vec<(String, i64)> = sqlx::query_as("SELECT sku, current_stock FROM products")
        .fetch_all(&mut connection)
        .await?;
    let found: BTreeMap<_, _> = found.into_iter().collect();
    let compare = |(sku, expected): (String, i64)| {
        let found = found.get(&sku).copied().unwrap_or_default();
        (found != expected).then_some(Broken {
            sku,
            expected,
            found,
        })
    };
    Ok(sums.into_iter().filter_map(compare).collect())
}
