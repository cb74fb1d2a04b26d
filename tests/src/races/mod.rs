//! Before and after: the consumers that people write without Plimsoll, on the same topic and servers.
//!
//! [`careless`] reads a stock, adds and writes it back, and loses updates wherever two workers meet the same product.
//! [`textbook`] does everything right, one event at a time. [`plain`] is the strongest simple thing: one transaction
//! per poll, stock and offsets only. None of them knows of rules, floors or refusals.

pub mod careless;
pub mod plain;
pub mod textbook;

pub mod process;
pub mod truth;

mod feed;
mod report;

pub use feed::Workers;
pub use report::{Latency, Report};

use crate::servers;

/// What a consumer is to do: all events of a topic, from its beginning, into one database.
#[derive(Clone, Debug)]
pub struct Job {
    /// A database that [`prepare`] made ready.
    pub database_url: String,
    /// `host:port` of Kafka.
    pub bootstrap: String,
    /// Every partition of it is read by this one consumer.
    pub topic: String,
    /// It ends after this many records; they may still be on their way when it starts.
    pub events: u64,
}

/// Makes the tables of these consumers and the products `SKU0`, `SKU1` … with `stock` units each.
pub async fn prepare(
    database_url: &str,
    skus: u32,
    partitions: i32,
    stock: i64,
) -> anyhow::Result<()> {
    servers::sql(database_url, include_str!("schema.sql")).await?;
    let fill = format!(
        "INSERT INTO products SELECT n + 1, 'SKU' || n, {stock}, 0, now() FROM generate_series(0, {skus} - 1) n;
         INSERT INTO consumer_offsets SELECT n, 0 FROM generate_series(0, {partitions} - 1) n;
         ANALYZE"
    );
    servers::sql(database_url, &fill).await
}
