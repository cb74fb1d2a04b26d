//! The cure from the textbook: a mutex for each SKU, and one transaction for each event that remembers its id, locks
//! and checks the product, writes a ledger line and moves the offset. Right, and slow.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use anyhow::ensure;
use sea_orm::sqlx::postgres::PgPoolOptions;
use sea_orm::sqlx::{self, PgConnection, PgPool};

use super::feed::{self, Delivery, Inlet};
use super::{Job, Report, Workers};

/// Does the job with one task for each partition.
pub async fn consume(job: &Job) -> anyhow::Result<Report> {
    let (feed, inlets) = feed::open(job, Workers::PerPartition)?;
    let connections = u32::try_from(inlets.len())?;
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .connect(&job.database_url)
        .await?;
    let locks = Arc::new(Locks::default());
    let spawn = |inlet| tokio::spawn(work(pool.clone(), locks.clone(), inlet));
    feed.finish(inlets.into_iter().map(spawn).collect()).await
}

/// One mutex for each SKU ever met.
#[derive(Default)]
struct Locks(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Locks {
    fn of(&self, sku: &str) -> Arc<tokio::sync::Mutex<()>> {
        self.0
            .lock()
            .expect("nobody panics with the map")
            .entry(sku.to_owned())
            .or_default()
            .clone()
    }
}

async fn work(pool: PgPool, locks: Arc<Locks>, inlet: Inlet) -> anyhow::Result<Vec<u64>> {
    let mut ages = Vec::new();
    while let Some(delivery) = inlet.next().await {
        let lock = locks.of(&delivery.product_id);
        let _held_until_committed = lock.lock().await;
        let mut transaction = pool.begin().await?;
        if is_new(&mut transaction, &delivery).await? {
            apply(&mut transaction, &delivery).await?;
        }
        advance(&mut transaction, &delivery).await?;
        transaction.commit().await?;
        ages.push(delivery.age_ms());
    }
    Ok(ages)
}

async fn is_new(connection: &mut PgConnection, event: &Delivery) -> anyhow::Result<bool> {
    let remember = sqlx::query("INSERT INTO processed_events VALUES ($1) ON CONFLICT DO NOTHING");
    Ok(remember
        .bind(event.event_id)
        .execute(connection)
        .await?
        .rows_affected()
        == 1)
}

async fn apply(connection: &mut PgConnection, event: &Delivery) -> anyhow::Result<()> {
    let lock = "SELECT id, current_stock, version FROM products WHERE sku = $1 FOR UPDATE";
    let (id, stock, version): (i64, i64, i64) = sqlx::query_as(lock)
        .bind(&event.product_id)
        .fetch_one(&mut *connection)
        .await?;
    let stock_after = stock + event.quantity_change;
    let update = "UPDATE products SET current_stock = $1, version = version + 1, updated_at = now()
                  WHERE id = $2 AND version = $3";
    let updated = sqlx::query(update)
        .bind(stock_after)
        .bind(id)
        .bind(version)
        .execute(&mut *connection)
        .await?;
    ensure!(
        updated.rows_affected() == 1,
        "the version moved under a row lock"
    );
    sqlx::query("INSERT INTO stock_ledger VALUES ($1, $2, $3, $4, $5)")
        .bind(id)
        .bind(version + 1)
        .bind(event.quantity_change)
        .bind(stock_after)
        .bind(event.event_id)
        .execute(connection)
        .await?;
    Ok(())
}

async fn advance(connection: &mut PgConnection, event: &Delivery) -> anyhow::Result<()> {
    let advance =
        "UPDATE consumer_offsets SET next_offset = $1 WHERE partition = $2 AND next_offset <= $3";
    let advance = sqlx::query(advance)
        .bind(event.offset + 1)
        .bind(event.partition)
        .bind(event.offset);
    ensure!(
        advance.execute(connection).await?.rows_affected() == 1,
        "an offset went back"
    );
    Ok(())
}
