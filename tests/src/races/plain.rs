//! The strongest thing people write by hand: a poll loop, one transaction per poll, stock and offsets in it. No ids,
//! no ledger, no versions, no fence against a former owner.

use std::collections::BTreeMap;

use sea_orm::sqlx::postgres::PgPoolOptions;
use sea_orm::sqlx::{self, Executor, PgConnection, PgPool};

use super::feed::{self, Delivery, Inlet};
use super::{Job, Report, Workers};

/// What the Java client returns from one poll unless told otherwise.
const POLL_RECORDS_MAX: usize = 500;

/// Does the job with one task for each partition.
pub async fn consume(job: &Job) -> anyhow::Result<Report> {
    let (feed, inlets) = feed::open(job, Workers::PerPartition)?;
    let pool = PgPoolOptions::new()
        .max_connections(u32::try_from(inlets.len())?)
        // Rows are then locked in the order of the sorted array, and two polls cannot deadlock.
        .after_connect(|connection, _| {
            Box::pin(async move {
                connection
                    .execute("SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off")
                    .await?;
                Ok(())
            })
        })
        .connect(&job.database_url)
        .await?;
    feed.finish(
        inlets
            .into_iter()
            .map(|inlet| tokio::spawn(work(pool.clone(), inlet)))
            .collect(),
    )
    .await
}

async fn work(pool: PgPool, inlet: Inlet) -> anyhow::Result<Vec<u64>> {
    let mut ages = Vec::new();
    loop {
        let poll = inlet.next_up_to(POLL_RECORDS_MAX).await;
        let Some(last) = poll.last() else {
            return Ok(ages);
        };
        let mut transaction = pool.begin().await?;
        add(&mut transaction, &poll).await?;
        let advance =
            sqlx::query("UPDATE consumer_offsets SET next_offset = $1 WHERE partition = $2");
        advance
            .bind(last.offset + 1)
            .bind(last.partition)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        ages.extend(poll.iter().map(Delivery::age_ms));
    }
}

async fn add(connection: &mut PgConnection, poll: &[Delivery]) -> anyhow::Result<()> {
    let mut changes: BTreeMap<&str, i64> = BTreeMap::new();
    for event in poll {
        *changes.entry(&event.product_id).or_default() += event.quantity_change;
    }
    let (skus, changes): (Vec<_>, Vec<_>) = changes.into_iter().unzip();
    let update =
        "UPDATE products p SET current_stock = p.current_stock + c.change, updated_at = now()
                  FROM unnest($1::text[], $2::bigint[]) AS c (sku, change) WHERE p.sku = c.sku";
    sqlx::query(update)
        .bind(skus)
        .bind(changes)
        .execute(connection)
        .await?;
    Ok(())
}
