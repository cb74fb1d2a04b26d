//! The limit that the database sets to a consumer: batches that are ready in memory, applied one after the other with
//! our own statements, on as many connections as there are lanes. For benches: the service never runs it. Knows
//! neither Kafka nor what a lane makes of an answer: where one is not "committed", there is nothing to measure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use plimsoll_domain::lane::{Answer, Sought};
use plimsoll_domain::{Nature, Policy};
use sea_orm::DbErr;

use crate::batch::{Batch, Chunk, Record};
use crate::database::{self, Session};
use crate::locks::SkuLocks;
use crate::release;
use crate::rules;
use crate::store::{Job, Store, claim, ensure_topic};

/// How events are applied.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where stock and ledger are; nothing else may write there meanwhile.
    pub database: database::Settings,
    /// How events are decided.
    pub policy: Policy,
    /// How long an event id is remembered.
    pub id_window: Duration,
    /// The topic that the rows name.
    pub topic: String,
    /// Connections, each with the partitions whose number leaves the same remainder.
    pub lanes: usize,
    /// Records of a batch, at least 1.
    pub batch_records_max: usize,
}

/// A record without headers, of a topic whose offsets count from 0 without gaps.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its partition, from 0.
    pub partition: i32,
    /// Its place in it.
    pub offset: i64,
    /// Milliseconds of the Unix epoch.
    pub timestamp_ms: i64,
    /// The event.
    pub value: Vec<u8>,
}

/// Batches, decoded, on connections that are open.
pub struct Ready {
    store: Arc<Store>,
    lanes: Vec<(Session, Vec<Job>)>,
}

impl Ready {
    /// Claims the partitions, opens the connections and decodes the records, which ascend by offset within each
    /// partition.
    ///
    /// # Errors
    /// The database cannot be reached, or has no schema.
    pub async fn prepare(settings: &Settings, records: Vec<Input>) -> Result<Ready, DbErr> {
        let session = Session::open(&settings.database, "limit").await?;
        let partitions = records.iter().map(|it| it.partition + 1).max().unwrap_or(0);
        let (topic_id, _) = ensure_topic(session.db(), &settings.topic, partitions).await?;
        let store = Store {
            topic_id,
            ..release::store(
                &settings.database,
                &settings.policy,
                settings.id_window,
                &rules::Settings::default(),
                &session,
            )
            .await?
        };
        let mut claims = BTreeMap::new();
        for partition in 0..partitions {
            let claimed = claim(session.db(), topic_id, "limit", partition, Some(0)).await?;
            claims.insert(partition, claimed.claim);
        }
        session.discard();
        let mut lanes = Vec::new();
        for chunks in chunks(settings, records) {
            let jobs = chunks
                .into_iter()
                .map(|chunk| job(chunk, topic_id, &claims));
            lanes.push((
                Session::open(&settings.database, "limit").await?,
                jobs.collect(),
            ));
        }
        Ok(Ready {
            store: Arc::new(store),
            lanes,
        })
    }

    /// Applies all of it, each lane its batches in order.
    ///
    /// # Errors
    /// A batch was not committed at once: something else writes, or identities repeat.
    pub async fn apply(self) -> Result<(), DbErr> {
        let locks = Arc::new(SkuLocks::default());
        let lanes: Vec<_> = self
            .lanes
            .into_iter()
            .map(|(session, jobs)| {
                let (store, locks) = (Arc::clone(&self.store), Arc::clone(&locks));
                tokio::spawn(async move { apply(jobs, store, locks, session).await })
            })
            .collect();
        for lane in lanes {
            lane.await
                .expect("a panic in a transaction ends the measurement")?;
        }
        Ok(())
    }
}

async fn apply(
    jobs: Vec<Job>,
    store: Arc<Store>,
    locks: Arc<SkuLocks>,
    mut session: Session,
) -> Result<(), DbErr> {
    for job in jobs {
        let held = locks.take(Arc::clone(&job.batch.skus)).await;
        let done = job.run(Arc::clone(&store), session).await;
        drop(held);
        session = match (done.answer, done.session) {
            (Answer::Committed, Some(session)) => session,
            (answer, _) => {
                return Err(DbErr::Custom(format!(
                    "a batch was not committed: {answer:?}"
                )));
            }
        };
    }
    Ok(())
}

/// For each lane its batches, not yet decoded.
fn chunks(settings: &Settings, records: Vec<Input>) -> Vec<Vec<Chunk>> {
    let mut lanes: Vec<Vec<Chunk>> = (0..settings.lanes.max(1)).map(|_| Vec::new()).collect();
    let count = lanes.len();
    for input in records {
        let lane = &mut lanes[usize::try_from(input.partition).expect("from 0") % count];
        let full = |chunk: &Chunk| chunk.records.len() >= settings.batch_records_max;
        if lane.last().is_none_or(full) {
            lane.push(Chunk::default());
        }
        let chunk = lane.last_mut().expect("pushed above");
        let record = Record {
            partition: input.partition,
            generation: 0,
            offset: input.offset,
            timestamp_ms: input.timestamp_ms,
            value: Some(0..0),
            headers: None,
        };
        chunk.push(record, &input.value);
    }
    lanes
}

fn job(chunk: Chunk, topic_id: i16, claims: &BTreeMap<i32, u128>) -> Job {
    let mut starts = BTreeMap::new();
    for record in &chunk.records {
        starts.entry(record.partition).or_insert(record.offset);
    }
    let batch = Batch::decode(chunk, Nature::Intent, |_| true);
    let sought = batch.shares().into_iter().map(|share| Sought {
        partition: share.partition,
        claim: claims[&share.partition],
        from: starts[&share.partition],
        to: batch.offset_after(share),
    });
    Job {
        sought: sought.collect(),
        locked: false,
        ..Job::without_positions(Arc::new(batch), topic_id)
    }
}
