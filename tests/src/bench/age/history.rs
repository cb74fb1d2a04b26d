//! Lines of a ledger as years of traffic would leave them: random identities, popular products more often, parts
//! turned where the service turns them. They do not add up to the stock: only their cost is looked at.

use crate::servers;

/// Lines in 1 GiB, where a part is turned.
const PART_LINES: u64 = 8_500_000;

/// Lines of one statement, so that WAL and memory stay bounded.
const CHUNK_LINES: u64 = 500_000;

/// Writes `lines` into a database that has none, and leaves it as housekeeping would: vacuumed, on disk.
pub(super) async fn write(database: &str, lines: u64, skus: u32) -> anyhow::Result<()> {
    if lines == 0 {
        return Ok(());
    }
    let topic = "INSERT INTO plimsoll_internal.topics (name, partitions) VALUES ('history', 4)";
    servers::sql(database, topic).await?;
    let mut part = 1;
    let mut left = lines;
    while left > PART_LINES {
        closed_part(database, part, skus).await?;
        left -= PART_LINES;
        part += 1;
    }
    insert(database, part, left, skus).await?;
    servers::sql(database, "VACUUM ANALYZE").await?;
    servers::sql(database, "CHECKPOINT").await
}

/// Nobody inserts into its index again, so that it may as well be built at once.
async fn closed_part(database: &str, part: u32, skus: u32) -> anyhow::Result<()> {
    let drop = format!("DROP INDEX plimsoll_internal.ledger_{part}_identity");
    servers::sql(database, &drop).await?;
    insert(database, part, PART_LINES, skus).await?;
    let index = format!(
        "CREATE UNIQUE INDEX ledger_{part}_identity ON plimsoll_internal.ledger_{part} (product_id, event_key);
         SELECT plimsoll_internal.turn_part({part})"
    );
    servers::sql(database, &index).await
}

/// Products by the distribution of the traffic: Zipf's with exponent 1.1, as a continuous one.
async fn insert(database: &str, part: u32, lines: u64, skus: u32) -> anyhow::Result<()> {
    for first in (0..lines).step_by(usize::try_from(CHUNK_LINES)?) {
        let last = lines.min(first + CHUNK_LINES) - 1;
        let chunk = format!(
            "INSERT INTO plimsoll_internal.ledger_{part} (kind, topic_id, ruleset_revision, product_id, event_key,
                 version, quantity_change, stock_after, record_offset, occurred_ms, partition)
             SELECT 0, t.id, 0, floor(((power({skus}, -0.1) - 1) * random() + 1) ^ -10)::bigint, gen_random_uuid(),
                 n, 1, n, n, 0, n % 4
             FROM generate_series({first}, {last}) n, plimsoll_internal.topics t WHERE t.name = 'history'"
        );
        servers::sql(database, &chunk).await?;
    }
    Ok(())
}
