//! What the end does not show any more, and what Kafka is told: I9 and I10.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use sea_orm::sqlx::postgres::PgRow;
use sea_orm::sqlx::{self, Row};

use super::findings::{Findings, Invariant};
use super::snapshot::Snapshot;
use super::{Expect, Scope, any_time};
use crate::servers;

/// A coordinator that was just elected takes some seconds to answer.
const SILENCE_MAX: Duration = Duration::from_secs(30);

/// Notes every step back, whoever makes it and however soon it is made good.
const AUDIT: &str = "
CREATE SCHEMA audit;
CREATE TABLE audit.steps_back (step text NOT NULL);
CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO audit.steps_back VALUES (format('%s became %s', OLD, NEW));
    RETURN NULL;
END $$;
CREATE TRIGGER moved_back AFTER UPDATE ON $POSITIONS FOR EACH ROW
    WHEN (NEW.next_offset < OLD.next_offset OR NEW.owner_epoch < OLD.owner_epoch) EXECUTE FUNCTION audit.note();
";

/// Looks at a run while it goes on, one after the other.
pub struct Looks<'a> {
    scope: Scope<'a>,
    group: BaseConsumer,
    seen: Vec<i32>,
}

impl<'a> Looks<'a> {
    /// Looks at the run of this consumer group, which it never joins. From now on triggers note what becomes of the
    /// positions in `table`; they are added once to a database.
    pub async fn open(scope: Scope<'a>, group: &str, table: &str) -> anyhow::Result<Self> {
        let group = ClientConfig::new()
            .set("bootstrap.servers", scope.bootstrap)
            .set("group.id", group)
            .create()?;
        servers::sql(scope.database_url, &AUDIT.replace("$POSITIONS", table)).await?;
        Ok(Self {
            scope,
            group,
            seen: Vec::new(),
        })
    }

    /// [`any_time`], I9 since it was opened, and I10. Not across a fail-over or a restore, after which positions
    /// may go back.
    pub async fn look(&mut self, expect: Expect) -> anyhow::Result<Findings> {
        // Before the positions are read: they may go on meanwhile.
        let mirrored = self.mirrored(self.seen.iter().copied())?;
        let mut findings = any_time(self.scope.database_url, expect).await?;
        let positions = self.positions(&mut findings).await?;
        for (partition, mirrored) in mirrored {
            let stored = positions.get(&partition).copied().unwrap_or(0);
            if mirrored > stored {
                let what = format!("the group is told {mirrored}, stored is {stored}");
                findings.add(Invariant::I10, self.place(partition), what);
            }
        }
        self.seen = positions.into_keys().collect();
        Ok(findings)
    }

    /// I9 and I10 after the last owner of each partition has ended well.
    pub async fn at_end(&self) -> anyhow::Result<Findings> {
        let mut findings = Findings::default();
        let positions = self.positions(&mut findings).await?;
        let mirrored = self.mirrored(positions.keys().copied())?;
        for (partition, stored) in positions {
            let mirrored = mirrored.get(&partition).copied();
            if mirrored.unwrap_or(0) != stored {
                let what = format!("the group is told {mirrored:?}, stored is {stored}");
                findings.add(Invariant::I10, self.place(partition), what);
            }
        }
        Ok(findings)
    }

    fn place(&self, partition: i32) -> String {
        format!("{}/{partition}", self.scope.topic)
    }

    /// Those of now, by partition; also finds I9.
    async fn positions(&self, findings: &mut Findings) -> anyhow::Result<BTreeMap<i32, i64>> {
        let mut snapshot = Snapshot::open(self.scope.database_url).await?;
        let query = sqlx::query("SELECT partition, next_offset FROM positions WHERE topic = $1");
        let rows = snapshot.rows(query.bind(self.scope.topic)).await?;
        let position =
            |row: &PgRow| anyhow::Ok((row.try_get("partition")?, row.try_get("next_offset")?));
        let positions: BTreeMap<i32, i64> = rows.iter().map(position).collect::<Result<_, _>>()?;
        for &partition in self.seen.iter().filter(|it| !positions.contains_key(it)) {
            findings.add(Invariant::I9, self.place(partition), "its position is gone");
        }
        let steps = snapshot
            .rows(sqlx::query("SELECT step FROM audit.steps_back"))
            .await?;
        for step in steps {
            let step: String = step.try_get("step")?;
            findings.add(Invariant::I9, "positions", step);
        }
        Ok(positions)
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
