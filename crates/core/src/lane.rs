//! One lane: takes what is queued, has it applied, and performs what the state machine of
//! `plimsoll_domain::lane` decides about the answers. Decides nothing itself.

mod effects;
mod orders;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_domain::Nature;
use plimsoll_domain::lane as machine;
use plimsoll_domain::lane::{Answer, Breaker, Event, Share, Sought, answer_of_positions};
use plimsoll_telemetry::traces::spans::stage;
use sea_orm::DbErr;
use tracing::Instrument;

use crate::batch::{Batch, Chunk, Record};
use crate::clock;
use crate::complaint::Complaint;
use crate::coordinator::{Coordinator, Heard};
use crate::database::{Session, in_time};
use crate::inbox::Inbox;
use crate::locks::{Held, SkuLocks};
use crate::progress::{Mark, Progress};
use crate::store::{Store, stored_positions, told};
use crate::watch::Signs;

/// A lane without work looks at its positions this often: a database that went back must be
/// noticed without waiting for the next record.
const QUIET: Duration = Duration::from_secs(3);

/// What a lane shares with the others of its process.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) locks: Arc<SkuLocks>,
    pub(crate) progress: Arc<Progress>,
    pub(crate) coordinator: Coordinator,
    pub(crate) nature: Nature,
}

/// A partition of this lane.
#[derive(Clone, Copy, Debug)]
struct Owned {
    generation: u32,
    claim: u128,
    next_offset: i64,
    /// Over what was committed of it.
    breaker: Breaker,
}

/// The worker.
pub(crate) struct Lane {
    shared: Shared,
    inbox: Arc<Inbox>,
    signs: Arc<Signs>,
    owned: BTreeMap<i32, Owned>,
    /// The partitions of the batch in flight, as they were when it was taken.
    in_flight: BTreeMap<i32, Owned>,
    machine: machine::Lane,
    session: Option<Session>,
    complaint: Complaint,
    ending: bool,
}

impl Lane {
    pub(crate) fn new(shared: Shared, inbox: Arc<Inbox>) -> Lane {
        let signs = shared.store.watch.lane(&inbox, Instant::now());
        Lane {
            shared,
            inbox,
            signs,
            owned: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            machine: machine::Lane::default(),
            session: None,
            complaint: Complaint::default(),
            ending: false,
        }
    }

    /// Works until it is told to end.
    pub(crate) async fn run(mut self) {
        loop {
            self.signs.give(Instant::now());
            self.obey();
            if self.ending {
                return;
            }
            if let Some(chunk) = self.inbox.take() {
                self.signs.in_flight(true, Instant::now());
                self.batch(chunk).await;
                self.signs.in_flight(false, Instant::now());
            } else if tokio::time::timeout(QUIET, self.inbox.arrived())
                .await
                .is_err()
            {
                self.compare().await;
            }
        }
    }

    async fn batch(&mut self, chunk: Chunk) {
        let batch = Arc::new(self.decode(chunk));
        self.in_flight = self.owned.clone();
        let held = batch.trace.around(self.lock(&batch)).await;
        let mut shares = batch.shares();
        shares.retain(|&share| self.moves(&batch, share));
        if !shares.is_empty() {
            let effects = self.machine.step(Event::Took(shares));
            batch.trace.around(self.perform(&batch, effects)).await;
        }
        drop(held);
    }

    fn decode(&self, chunk: Chunk) -> Batch {
        let started = Instant::now();
        let store = &self.shared.store;
        let trace = store.traces.batch(&store.source, clock::now());
        let current = |record: &Record| {
            let owned = self.owned.get(&record.partition);
            owned.is_some_and(|owned| {
                owned.generation == record.generation && record.offset >= owned.next_offset
            })
        };
        let decode = || Batch::decode(chunk, self.shared.nature, current);
        let batch = trace.within(|| stage("decode").in_scope(decode));
        store.metrics.batch("decode", started.elapsed());
        batch.traced(&store.traces, trace)
    }

    /// Whether there is anything to apply in a share. Orders were obeyed while waiting for the
    /// locks: a partition that left meanwhile is not applied, also if it came back, because
    /// another owner may have applied these records.
    fn moves(&mut self, batch: &Batch, share: Share) -> bool {
        let owned = self.still(share.partition);
        owned.is_some_and(|owned| batch.offset_after(share) > owned.next_offset)
    }

    /// A partition of the batch in flight, if it is still owned under the same assignment.
    fn still(&mut self, partition: i32) -> Option<&mut Owned> {
        let taken = self.in_flight.get(&partition)?.generation;
        let owned = self.owned.get_mut(&partition);
        owned.filter(|owned| owned.generation == taken)
    }

    /// The locks of all SKUs of the batch; orders are obeyed while waiting.
    async fn lock(&mut self, batch: &Batch) -> Held {
        let started = Instant::now();
        let locks = Arc::clone(&self.shared.locks);
        let taking = locks.take(Arc::clone(&batch.skus));
        let mut taking = std::pin::pin!(taking.instrument(stage("lock SKUs")));
        let inbox = Arc::clone(&self.inbox);
        let held = loop {
            tokio::select! {
                held = &mut taking => break held,
                () = inbox.arrived() => self.obey(),
            }
        };
        self.shared.store.metrics.lock_wait(started.elapsed());
        held
    }

    /// Looks whether the stored positions are where this lane left them: an attempt at nothing.
    async fn compare(&mut self) {
        if self.owned.is_empty() {
            return;
        }
        self.in_flight = self.owned.clone();
        match self.read_positions().await {
            Ok(Answer::Lost(partitions)) => self.lose(&partitions),
            Ok(Answer::Ahead(partition)) => {
                self.halt(partition, "ahead: the stored position was moved by hand")
            }
            Ok(Answer::Transient) => self.shared.store.watch.database_answered(),
            Ok(
                Answer::Committed
                | Answer::Tripped(_)
                | Answer::Conflict
                | Answer::Duplicates
                | Answer::Turned
                | Answer::Refused(_),
            ) => unreachable!("positions alone do not say this"),
            Err(_) if self.ending => {}
            Err(err) => self.shared.store.watch.database_failed(&told(&err)),
        }
    }

    async fn read_positions(&mut self) -> Result<Answer, DbErr> {
        let sought = self.in_flight.iter().map(|(&partition, owned)| Sought {
            partition,
            claim: owned.claim,
            from: owned.next_offset,
            to: owned.next_offset,
        });
        let sought: Vec<Sought> = sought.collect();
        let store = Arc::clone(&self.shared.store);
        let session = self.take_session().await?;
        let partitions = sought.iter().map(|s| s.partition);
        let read = stored_positions(session.db(), store.topic_id, partitions, false);
        let stored = self.obeying(in_time(read)).await;
        self.put_back(session, &stored);
        Ok(answer_of_positions(&sought, &stored?, false))
    }

    /// The session, or a new one. Whoever takes it puts it back.
    async fn take_session(&mut self) -> Result<Session, DbErr> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        let store = Arc::clone(&self.shared.store);
        self.obeying(Box::pin(store.connect())).await
    }

    /// A session that answered so. One that failed is given up, and what was known with it.
    fn put_back<T>(&mut self, session: Session, answer: &Result<T, DbErr>) {
        match answer {
            Ok(_) => self.session = Some(session),
            Err(_) => {
                session.discard();
                self.shared.store.knowledge.start_epoch();
            }
        }
    }

    /// What `work` answers; orders are obeyed while waiting. Who is to end gives it up, so it must
    /// be nothing that has to be known.
    async fn obeying<T>(
        &mut self,
        work: impl Future<Output = Result<T, DbErr>>,
    ) -> Result<T, DbErr> {
        let inbox = Arc::clone(&self.inbox);
        let mut work = std::pin::pin!(work);
        while !self.ending {
            tokio::select! {
                answer = &mut work => return answer,
                () = inbox.arrived() => self.obey(),
            }
        }
        Err(DbErr::Custom(
            "it is not waited for, because the service ends".to_owned(),
        ))
    }

    fn tell(&self, heard: Heard) {
        self.shared.coordinator.hear(heard);
    }

    fn settled(&mut self, batch: &Batch, shares: &[Share]) {
        for &share in shares {
            let next_offset = batch.offset_after(share);
            let taken = self
                .in_flight
                .get_mut(&share.partition)
                .expect("only shares that were taken settle");
            taken.next_offset = next_offset;
            let generation = taken.generation;
            let timestamp_ms = batch.stretches[&share.partition].timestamp_ms;
            self.shared.progress.moves(
                share.partition,
                Mark {
                    generation,
                    next_offset,
                    timestamp_ms,
                },
            );
            if let Some(owned) = self.still(share.partition) {
                owned.next_offset = next_offset;
            }
        }
    }
}

#[cfg(test)]
mod tests;
