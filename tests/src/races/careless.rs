//! Read, add, write. It is right as long as nobody else reads the same stock between the read and the write.

use std::sync::Arc;

use sea_orm::sqlx::postgres::PgPoolOptions;
use sea_orm::sqlx::{self, PgPool};
use tokio::sync::Barrier;

use super::feed::{self, Delivery, Inlet};
use super::{Job, Report, Workers};

/// Does the job. With a barrier, workers meet there after each read and before the write: the race, made certain.
pub async fn consume(
    job: &Job,
    workers: Workers,
    meeting: Option<Arc<Barrier>>,
) -> anyhow::Result<Report> {
    let (feed, inlets) = feed::open(job, workers)?;
    let connections = u32::try_from(inlets.len())?;
    let pool = PgPoolOptions::new()
        .max_connections(connections)
        .connect(&job.database_url)
        .await?;
    let spawn = |inlet| tokio::spawn(work(pool.clone(), inlet, meeting.clone()));
    feed.finish(inlets.into_iter().map(spawn).collect()).await
}

async fn work(
    pool: PgPool,
    inlet: Inlet,
    meeting: Option<Arc<Barrier>>,
) -> anyhow::Result<Vec<u64>> {
    let mut ages = Vec::new();
    while let Some(delivery) = inlet.next().await {
        apply(&pool, &delivery, meeting.as_deref()).await?;
        ages.push(delivery.age_ms());
    }
    Ok(ages)
}

async fn apply(pool: &PgPool, event: &Delivery, meeting: Option<&Barrier>) -> anyhow::Result<()> {
    let read = sqlx::query_scalar::<_, i64>("SELECT current_stock FROM products WHERE sku = $1");
    let stock = read.bind(&event.product_id).fetch_one(pool).await?;
    if let Some(meeting) = meeting {
        meeting.wait().await;
    }
    sqlx::query("UPDATE products SET current_stock = $1, updated_at = now() WHERE sku = $2")
        .bind(stock + event.quantity_change)
        .bind(&event.product_id)
        .execute(pool)
        .await?;
    Ok(())
}
