//! What only a look after another shows, and what Kafka is told: I9 and I10.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sea_orm::sqlx::{self, Row};

use super::findings::{Findings, Invariant};
use super::snapshot::Snapshot;
use super::{Expect, Scope, any_time};

/// A coordinator that was just elected takes some seconds to answer.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Looks at a run while it goes on, one after the other.
pub struct Looks<'a> {
    scope: Scope<'a>,
    group: BaseConsumer,
    seen: BTreeMap<i32, Position>,
}

/// One that is not there is at the beginning.
#[derive(Clone, Copy, Default)]
struct Position {
    next_offset: i64,
    owner_epoch: i64,
}

impl<'a> Looks<'a> {
    /// Looks at the run of this consumer group, which it never joins.
    pub fn open(scope: Scope<'a>, group: &str) -> anyhow::Result<Self> {
        let group = ClientConfig::new()
            .set("bootstrap.servers", scope.bootstrap)
            .set("group.id", group)
            .create()?;
        Ok(Self {
            scope,
            group,
            seen: BTreeMap::new(),
        })
    }

    /// [`any_time`], I9 since the look before, and I10. Not across a fail-over or a restore, after which positions
    /// may go back.
    pub async fn look(&mut self, expect: Expect) -> anyhow::Result<Findings> {
        // Before the positions are read: they may go on meanwhile.
        let mirrored = self.mirrored(self.seen.keys().copied())?;
        let mut findings = any_time(self.scope.database_url, expect).await?;
        let positions = self.positions().await?;
        for (partition, before) in &self.seen {
            let place = format!("{}/{partition}", self.scope.topic);
            let now = positions.get(partition).copied().unwrap_or_default();
            for (what, before, now) in [
                ("position", before.next_offset, now.next_offset),
                ("epoch", before.owner_epoch, now.owner_epoch),
            ] {
                if now < before {
                    let what = format!("its {what} went from {before} to {now}");
                    findings.add(Invariant::I9, &place, what);
                }
            }
            let mirrored = mirrored.get(partition).copied().unwrap_or(0);
            if mirrored > now.next_offset {
                let what = format!(
                    "the group is told {mirrored}, stored is {}",
                    now.next_offset
                );
                findings.add(Invariant::I10, &place, what);
            }
        }
        self.seen = positions;
        Ok(findings)
    }

    /// I10 after the last owner of each partition has ended well.
    pub async fn mirror_at_end(&self) -> anyhow::Result<Findings> {
        let positions = self.positions().await?;
        let mirrored = self.mirrored(positions.keys().copied())?;
        let mut findings = Findings::default();
        for (partition, Position { next_offset, .. }) in positions {
            let mirrored = mirrored.get(&partition).copied();
            if mirrored.unwrap_or(0) != next_offset {
                let place = format!("{}/{partition}", self.scope.topic);
                let what = format!("the group is told {mirrored:?}, stored is {next_offset}");
                findings.add(Invariant::I10, place, what);
            }
        }
        Ok(findings)
    }

    async fn positions(&self) -> anyhow::Result<BTreeMap<i32, Position>> {
        let mut snapshot = Snapshot::open(self.scope.database_url).await?;
        let query = sqlx::query(
            "SELECT partition, next_offset, owner_epoch FROM positions WHERE topic = $1",
        );
        let rows = snapshot.rows(query.bind(self.scope.topic)).await?;
        let position = |row: &sqlx::postgres::PgRow| {
            let position = Position {
                next_offset: row.try_get("next_offset")?,
                owner_epoch: row.try_get("owner_epoch")?,
            };
            anyhow::Ok((row.try_get("partition")?, position))
        };
        rows.iter().map(position).collect()
    }

    /// What the group is told, by partition.
    fn mirrored(
        &self,
        partitions: impl Iterator<Item = i32>,
    ) -> anyhow::Result<BTreeMap<i32, i64>> {
        let mut asked = TopicPartitionList::new();
        for partition in partitions {
            asked.add_partition(self.scope.topic, partition);
        }
        if asked.count() == 0 {
            return Ok(BTreeMap::new());
        }
        let told = self.group.committed_offsets(asked, SILENCE_MAX)?;
        let mut offsets = BTreeMap::new();
        for it in told.elements() {
            it.error()?;
            if let Offset::Offset(offset) = it.offset() {
                offsets.insert(it.partition(), offset);
            }
        }
        Ok(offsets)
    }
}
