//! The ledger that years of traffic would leave: random identities, popular products more often, parts turned where
//! the service turns them. It adds up: `plimsoll verify` finds nothing.

use anyhow::ensure;
use sea_orm::sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::servers;

/// Lines in 1 GiB, where a part is turned.
const PART_LINES: u64 = 8_500_000;

/// Lines of one statement, so that WAL and memory stay bounded.
const CHUNK_LINES: u64 = 500_000;

/// The topic whose records the lines answer, and its partitions, which take turns. Nobody has it.
pub const TOPIC: &str = "history";
const PARTITIONS: u64 = 4;

/// Writes `lines` about adopted products, 1 to `skus`, into a database that has none, each of one unit more, and leaves
/// it as housekeeping would: vacuumed, on disk.
///
/// # Errors
/// A product is missing, there is a history already, or the database fails.
pub async fn write(database: &str, lines: u64, skus: u32) -> anyhow::Result<()> {
    if lines == 0 {
        return Ok(());
    }
    let topic = format!(
        "WITH topic AS (INSERT INTO plimsoll_internal.topics (name, partitions) VALUES ('{TOPIC}', {PARTITIONS}) RETURNING id)
         INSERT INTO plimsoll_internal.positions (topic_id, partition, next_offset, retained_from, claim, owner, status)
         SELECT id, p, ({lines} + {PARTITIONS} - 1 - p) / {PARTITIONS}, 0, gen_random_uuid(), 'nobody', 'idle'
         FROM topic, generate_series(0, {PARTITIONS} - 1) p"
    );
    servers::sql(database, &topic).await?;
    let (mut part, mut first) = (1, 0);
    while lines - first > PART_LINES {
        closed_part(database, part, first, skus).await?;
        first += PART_LINES;
        part += 1;
    }
    insert(database, part, first, lines, skus).await?;
    servers::sql(database, "VACUUM ANALYZE").await?;
    servers::sql(database, "CHECKPOINT").await
}

/// Nobody inserts into its index again, so that it may as well be built at once.
async fn closed_part(database: &str, part: u32, first: u64, skus: u32) -> anyhow::Result<()> {
    let drop = format!("DROP INDEX plimsoll_internal.ledger_{part}_identity");
    servers::sql(database, &drop).await?;
    insert(database, part, first, first + PART_LINES, skus).await?;
    let index = format!(
        "CREATE UNIQUE INDEX ledger_{part}_identity ON plimsoll_internal.ledger_{part} (product_id, event_key);
         SELECT plimsoll_internal.turn_part({part})"
    );
    servers::sql(database, &index).await
}

/// Products by the distribution of the traffic: Zipf's with exponent 1.1, as a continuous one.
async fn insert(database: &str, part: u32, begin: u64, end: u64, skus: u32) -> anyhow::Result<()> {
    let mut connection = PgConnection::connect(database).await?;
    for first in (begin..end).step_by(usize::try_from(CHUNK_LINES)?) {
        let last = end.min(first + CHUNK_LINES) - 1;
        let chunk = format!(
            "WITH drawn AS MATERIALIZED (
                 SELECT n, floor(((power({skus}, -0.1) - 1) * random() + 1) ^ -10)::bigint AS product_id
                 FROM generate_series({first}, {last}) n
             ), moved AS (
                 UPDATE products p SET current_stock = current_stock + m.lines, version = version + m.lines,
                     ledger_stock = ledger_stock + m.lines, ledger_version = ledger_version + m.lines, decisions = decisions + 1
                 FROM (SELECT product_id, count(*) AS lines FROM drawn GROUP BY 1) m WHERE p.id = m.product_id
                 RETURNING p.id, p.current_stock - m.lines AS stock, p.version - m.lines AS version
             )
             INSERT INTO plimsoll_internal.ledger_{part} (kind, topic_id, ruleset_revision, product_id, event_key,
                 version, quantity_change, stock_after, record_offset, occurred_ms, partition)
             SELECT 0, t.id, 0, product_id, gen_random_uuid(), version + nth, 1, stock + nth, n / {PARTITIONS}, 0, n % {PARTITIONS}
             FROM (SELECT *, row_number() OVER (PARTITION BY product_id ORDER BY n) AS nth FROM drawn) d
             JOIN moved ON moved.id = product_id, plimsoll_internal.topics t
             WHERE t.name = '{TOPIC}' ORDER BY n"
        );
        let written = connection.execute(AssertSqlSafe(chunk)).await?;
        ensure!(
            written.rows_affected() == last - first + 1,
            "a product between 1 and {skus} is missing"
        );
    }
    Ok(connection.close().await?)
}
