//! What a coordinator has done in the background: claims with their checks against the log,
//! halts and releases written down. Each comes back as something heard, or not at all.

use std::sync::Arc;

use plimsoll_domain::lane::{BACKOFF_MAX, BACKOFF_MIN};
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::{Offset, TopicPartitionList};
use sea_orm::DbErr;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use super::{Desk, Heard};
use crate::complaint::Complaint;
use crate::database::Session;
use crate::kafka::{Start, topic_id, watermarks};
use crate::store::{self, stored_positions};

/// The code of a halt whose position is about another log than the one that is there.
pub(super) const RECREATED: &str = "recreated";

/// Ends with its place: nobody claims a partition that the group has taken, or that is claimed anew.
#[derive(Debug)]
pub(super) struct Claiming(AbortHandle);

impl Drop for Claiming {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A partition as it was claimed.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(super) partition: i32,
    pub(super) claim: u128,
    pub(super) next_offset: i64,
    pub(super) halted: Option<String>,
}

/// Why a claim has to be tried again.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("PostgreSQL: {}", store::told(.0))]
    Database(#[from] DbErr),
    #[error("Kafka: {0}")]
    Kafka(#[from] rdkafka::error::KafkaError),
    #[error(
        "Kafka does not tell the topic's id, as it once did, so it may be another topic by now"
    )]
    Unnamed,
}

/// Claims a partition, again and again until both sides answer.
pub(super) fn start(desk: &Arc<Desk>, partition: i32, generation: u32, doubtful: bool) -> Claiming {
    let desk = Arc::clone(desk);
    let task = tokio::spawn(async move {
        let mut wait = BACKOFF_MIN;
        let mut complaint = Complaint::default();
        let claimed = loop {
            match claim(&desk, partition, doubtful).await {
                Ok(claimed) => break claimed,
                Err(err) => {
                    if let Some(times) = complaint.due(&err.to_string()) {
                        tracing::warn!(
                            partition,
                            times,
                            "partition {partition} cannot be claimed yet: {err}"
                        );
                    }
                    desk.watch.claim_failed(&err.to_string());
                }
            }
            if desk.myself.0.is_closed() {
                return;
            }
            sleep(wait).await;
            wait = (wait * 2).min(BACKOFF_MAX);
        };
        desk.myself.hear(Heard::Claimed {
            generation,
            claimed,
        });
    });
    Claiming(task.abort_handle())
}

async fn claim(desk: &Desk, partition: i32, doubtful: bool) -> Result<Outcome, Fault> {
    let store = &desk.store;
    let session = Session::open(&store.database, &store.instance).await?;
    // Whoever cannot ask Kafka could do nothing with a claim but take it from its owner.
    let edges = edges(desk, partition).await?;
    recreated(desk, &session).await?;
    let one = std::iter::once(partition);
    let stored = stored_positions(session.db(), store.topic_id, one, false).await?;
    let (start, next_offset) = match stored.first() {
        Some(row) => (None, row.next_offset),
        None => {
            let first = first_offset(desk, partition, edges);
            (Some(first), first)
        }
    };
    if doubtful {
        prove_membership(desk, partition, next_offset).await?;
    }
    let claimed = store::claim(
        session.db(),
        store.topic_id,
        &store.instance,
        partition,
        start,
    )
    .await?;
    store.knowledge.start_epoch();
    let mut outcome = Outcome {
        partition,
        claim: claimed.claim,
        next_offset: claimed.next_offset,
        halted: claimed.halted,
    };
    if outcome.halted.is_none() {
        // Asked after the claim: nobody moves the position any more.
        outcome.halted = why_not(desk, &session, partition, outcome.next_offset).await?;
        if let Some(reason) = &outcome.halted {
            tracing::error!(
                partition,
                reason,
                "partition {partition} is halted: {reason}"
            );
            store::halt(
                session.db(),
                store.topic_id,
                partition,
                outcome.claim,
                reason,
            )
            .await?;
        }
    }
    session.discard();
    Ok(outcome)
}

/// Where a partition starts that was never seen.
fn first_offset(desk: &Desk, partition: i32, (low, high): (i64, i64)) -> i64 {
    let at_end = desk.kafka.start == Start::End && partition < desk.partitions_at_first;
    if at_end { high } else { low }
}

/// Why the partition must not go on at `next_offset`, if so.
async fn why_not(
    desk: &Desk,
    session: &Session,
    partition: i32,
    next_offset: i64,
) -> Result<Option<String>, Fault> {
    if recreated(desk, session).await? {
        return Ok(Some(format!(
            "{RECREATED}: the topic was deleted and made again; its offsets mean other records now"
        )));
    }
    let (low, high) = edges(desk, partition).await?;
    Ok(outside(next_offset, low, high))
}

/// Whether the topic is another one than the stored positions are about.
async fn recreated(desk: &Desk, session: &Session) -> Result<bool, Fault> {
    let told = topic_id(&desk.consumer, &desk.kafka.topic).await?;
    let stored = store::kafka_id(session.db(), desk.store.topic_id, told.as_deref()).await?;
    match told {
        Some(told) => Ok(stored != told),
        None if stored.is_empty() => Ok(false),
        None => Err(Fault::Unnamed),
    }
}

/// Reports a topic that was made anew while we were reading the old one: librdkafka does not.
pub(super) fn look_for_recreated(desk: &Arc<Desk>) {
    let desk = Arc::clone(desk);
    background(async move {
        let look = async {
            let session = Session::open(&desk.store.database, &desk.store.instance).await?;
            let recreated = recreated(&desk, &session).await?;
            session.discard();
            Ok::<_, Fault>(recreated)
        };
        match look.await {
            Ok(true) => desk.myself.hear(Heard::Recreated),
            Ok(false) => {}
            Err(err) => tracing::debug!(%err, "the topic could not be looked at"),
        }
    });
}

/// Why a position outside the log halts its partition.
fn outside(next_offset: i64, low: i64, high: i64) -> Option<String> {
    if next_offset < low {
        let count = low - next_offset;
        Some(format!(
            "retention: records {next_offset} to {} ({count} offsets) were deleted before they were applied",
            low - 1
        ))
    } else if next_offset > high {
        Some(format!(
            "truncated: the log ends at {high}, before our position {next_offset}; the topic was recreated or lost records"
        ))
    } else {
        None
    }
}

async fn edges(desk: &Desk, partition: i32) -> Result<(i64, i64), Fault> {
    Ok(watermarks(&desk.consumer, &desk.kafka.topic, partition).await?)
}

/// A commit that the group accepts proves that the partition is still given to us. It carries
/// the stored position, which may lie below what was mirrored before; or where the partition starts,
/// if the database forgot it.
async fn prove_membership(desk: &Desk, partition: i32, next_offset: i64) -> Result<(), Fault> {
    let mut list = TopicPartitionList::new();
    let offset = Offset::Offset(next_offset);
    list.add_partition_offset(&desk.kafka.topic, partition, offset)?;
    let consumer = Arc::clone(&desk.consumer);
    let commit = tokio::task::spawn_blocking(move || consumer.commit(&list, CommitMode::Sync));
    Ok(commit.await.expect("a commit does not panic")?)
}

/// Writes a halt down, however long it takes. If another owner has it by then, it is theirs.
pub(super) fn write_halt(
    desk: &Arc<Desk>,
    (partition, generation): (i32, u32),
    claim: u128,
    reason: String,
) {
    let desk = Arc::clone(desk);
    background(async move {
        let mut wait = BACKOFF_MIN;
        let mut complaint = Complaint::default();
        while let Err(err) = halt_once(&desk, partition, claim, &reason).await {
            let why = store::told(&err);
            if let Some(times) = complaint.due(&why) {
                tracing::warn!(
                    partition,
                    times,
                    "the halt of partition {partition} cannot be written down yet: {why}"
                );
            }
            if desk.myself.0.is_closed() {
                return;
            }
            sleep(wait).await;
            wait = (wait * 2).min(BACKOFF_MAX);
        }
        desk.myself.hear(Heard::HaltWritten {
            partition,
            generation,
        });
    });
}

async fn halt_once(desk: &Desk, partition: i32, claim: u128, reason: &str) -> Result<(), DbErr> {
    let session = Session::open(&desk.store.database, &desk.store.instance).await?;
    store::halt(session.db(), desk.store.topic_id, partition, claim, reason).await?;
    session.discard();
    Ok(())
}

/// Writes down that nobody owns these.
pub(super) fn write_idle(desk: &Arc<Desk>, claims: Vec<(i32, u128)>) {
    let desk = Arc::clone(desk);
    background(async move { give_back(&desk, claims).await });
}

/// The same, once: it only informs.
pub(super) async fn give_back(desk: &Desk, claims: Vec<(i32, u128)>) {
    if claims.is_empty() {
        return;
    }
    let write = async {
        let session = Session::open(&desk.store.database, &desk.store.instance).await?;
        store::let_go(session.db(), desk.store.topic_id, &claims).await?;
        session.discard();
        Ok::<_, DbErr>(())
    };
    if let Err(err) = write.await {
        tracing::debug!(%err, "partitions could not be marked idle");
    }
}

/// Reports those of `halted` that an operator resumed.
pub(super) fn look_for_resumed(desk: &Arc<Desk>, halted: Vec<i32>) {
    let desk = Arc::clone(desk);
    background(async move {
        let read = async {
            let session = Session::open(&desk.store.database, &desk.store.instance).await?;
            let resumed = store::resumed(session.db(), desk.store.topic_id, &halted).await?;
            session.discard();
            Ok::<_, DbErr>(resumed)
        };
        match read.await {
            Ok(resumed) => resumed
                .into_iter()
                .for_each(|partition| desk.myself.hear(Heard::Resumed(partition))),
            Err(err) => tracing::debug!(%err, "halted partitions could not be looked at"),
        }
    });
}

fn background(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}
