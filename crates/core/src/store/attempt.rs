//! One attempt at a batch, from reading to the answer of COMMIT. Runs in a task of its own,
//! so that nobody can cancel it half way; a session whose transaction did not end cleanly is
//! closed, not reused.

use std::sync::Arc;
use std::time::Instant;

use plimsoll_domain::lane::{Answer, Sought, answer_of_positions};
use plimsoll_rule_host::{Ruleset, Unavailable};
use plimsoll_telemetry::traces::spans::{failed, stage};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr};
use tokio::time::timeout;
use tracing::Instrument;

use super::inquiry::Inquiry;
use super::parts::List;
use super::read::{self, Known};
use super::write::{self, Folds};
use super::{Fault, Judged, Judging, Store, classify, lost, positions, told};
use crate::batch::{Batch, Read};
use crate::database::{ANSWER_LIMIT, Session, in_time};
use crate::locks::Sku;

/// What to try.
pub(crate) struct Job {
    pub(crate) batch: Arc<Batch>,
    /// The topic that its rows name.
    pub(crate) topic_id: i16,
    /// Which of the batch's entries, in order.
    pub(crate) entries: Vec<u32>,
    /// The positions to move, ascending by partition.
    pub(crate) sought: Vec<Sought>,
    pub(crate) locked: bool,
    pub(crate) look_up_all: bool,
}

/// What came of it.
pub(crate) struct Done {
    pub(crate) answer: Answer,
    /// The decisions, if they are committed.
    pub(crate) judged: Option<Judged>,
    /// The connection, if it may be used again.
    pub(crate) session: Option<Session>,
    /// Why, when the answer is a fault.
    pub(crate) fault: Option<String>,
}

/// Why a transaction ended without a COMMIT that was answered.
enum Stop {
    /// The database's own answer; rolled back.
    Answer(Answer),
    /// An error before COMMIT.
    Fault(DbErr),
    /// COMMIT was sent and not answered, for this reason.
    NoAnswer(String, Box<Decided>),
}

impl From<Unavailable> for Stop {
    fn from(err: Unavailable) -> Stop {
        Stop::Fault(DbErr::Custom(format!("{err}")))
    }
}

impl From<DbErr> for Stop {
    fn from(err: DbErr) -> Stop {
        Stop::Fault(err)
    }
}

/// Everything a fold was made from, and the fold.
struct Decided {
    epoch: u64,
    known: Vec<Known>,
    parts: Arc<List>,
    judged: Judged,
}

/// Locks the rows of `skus` and reads them: for a release, which moves no position.
pub(crate) async fn read_locked<C: ConnectionTrait>(
    tx: &C,
    store: &Store,
    skus: &[Sku],
) -> Result<Vec<Known>, DbErr> {
    read::lock(tx, skus).await?;
    Ok(read::rows(tx, &store.knowledge, skus).await?.1)
}

/// Writes a fold of parked events. Answers whether every row was as it was seen.
pub(crate) async fn write_folded(
    job: &Job,
    store: &Store,
    known: &[Known],
    judged: &Judged,
    tx: &DatabaseTransaction,
) -> Result<bool, DbErr> {
    let parts = store.parts.now();
    Folds {
        job,
        known,
        parts: &parts,
        judged,
    }
    .write(tx)
    .await
}

impl Job {
    /// All of a batch that moves no position.
    pub(crate) fn without_positions(batch: Arc<Batch>, topic_id: i16) -> Job {
        let entries = (0..).take(batch.entries.len()).collect();
        Job {
            batch,
            topic_id,
            entries,
            sought: Vec::new(),
            locked: true,
            look_up_all: false,
        }
    }

    /// Tries, and always answers.
    pub(crate) async fn run(self, store: Arc<Store>, session: Session) -> Done {
        let span = stage("attempt");
        let done = self.attempt(store, session).instrument(span.clone()).await;
        if let Some(reason) = reason(&done.answer) {
            failed(&span, reason, done.fault.clone().unwrap_or_default());
        }
        done
    }

    async fn attempt(self, store: Arc<Store>, session: Session) -> Done {
        match self.transact(&store, &session).await {
            Ok(decided) => {
                write::learn(
                    &store,
                    &self,
                    &decided.known,
                    decided.epoch,
                    &decided.parts,
                    &decided.judged.folded,
                );
                committed(&store, decided.judged, session)
            }
            Err(Stop::Answer(answer)) => self.failed(&store, answer, Some(session), None),
            Err(Stop::Fault(err)) => self.faulted(&store, session, &err),
            Err(Stop::NoAnswer(why, decided)) => {
                session.discard();
                store.knowledge.start_epoch();
                self.batch.trace.keep("retry");
                let (session, answer) = Box::pin(lost::settle(&self, &store, why)).await;
                match answer {
                    Answer::Committed => committed(&store, decided.judged, session),
                    other => self.failed(&store, other, Some(session), None),
                }
            }
        }
    }

    fn failed(
        &self,
        store: &Store,
        answer: Answer,
        session: Option<Session>,
        fault: Option<String>,
    ) -> Done {
        store.knowledge.forget(self.batch.skus.iter());
        Done {
            answer,
            judged: None,
            session,
            fault,
        }
    }

    fn faulted(&self, store: &Store, session: Session, err: &DbErr) -> Done {
        let (answer, fault, reusable) = match classify(err) {
            Fault::Duplicates => (Answer::Duplicates, None, true),
            Fault::Turned => (Answer::Turned, None, true),
            Fault::Refused(reason) => (Answer::Refused(reason.clone()), Some(reason), true),
            Fault::Transient(reason) => (Answer::Transient, Some(reason), false),
        };
        let session = if reusable {
            Some(session)
        } else {
            session.discard();
            store.knowledge.start_epoch();
            None
        };
        self.failed(store, answer, session, fault)
    }

    /// Reads, looks up, folds and writes; returns after COMMIT was answered.
    async fn transact(&self, store: &Store, session: &Session) -> Result<Decided, Stop> {
        let rules = store.rules.now();
        if self.locked {
            let transaction = stage("transaction");
            return self
                .transact_locked(store, session, &rules)
                .instrument(transaction)
                .await;
        }
        let decided = self
            .decide(store, &store.observe(session.db()), &rules)
            .await?;
        let transaction = async {
            let tx = self.begin(store, session, &rules).await?;
            self.write(store, tx, decided).await
        };
        transaction.instrument(stage("transaction")).await
    }

    /// The same where everything is read under the locks of its rows.
    async fn transact_locked(
        &self,
        store: &Store,
        session: &Session,
        rules: &Arc<Ruleset>,
    ) -> Result<Decided, Stop> {
        let tx = self.begin(store, session, rules).await?;
        read::lock(&store.observe(&tx), &self.batch.skus).await?;
        store.knowledge.forget(self.batch.skus.iter());
        let decided = self.decide(store, &store.observe(&tx), rules).await?;
        self.write(store, tx, decided).await
    }

    /// Writes what was decided; returns after COMMIT was answered.
    async fn write(
        &self,
        store: &Store,
        tx: DatabaseTransaction,
        decided: Decided,
    ) -> Result<Decided, Stop> {
        if store.knowledge.epoch() != decided.epoch {
            return self.stop(tx, Answer::Conflict).await;
        }
        let started = Instant::now();
        let folds = Folds {
            job: self,
            known: &decided.known,
            parts: &decided.parts,
            judged: &decided.judged,
        };
        if !in_time(folds.write(&store.observe(&tx))).await? {
            return self.stop(tx, Answer::Conflict).await;
        }
        store.metrics.batch("write", started.elapsed());
        let started = Instant::now();
        let commit = store.seen("COMMIT", tx.commit());
        let lost = match timeout(ANSWER_LIMIT, commit).await {
            Ok(Ok(())) => None,
            Ok(Err(err)) => Some(told(&err)),
            Err(_) => Some("COMMIT was not answered in time".to_owned()),
        };
        if let Some(why) = lost {
            return Err(Stop::NoAnswer(why, Box::new(decided)));
        }
        store.metrics.batch("commit", started.elapsed());
        Ok(decided)
    }

    /// A transaction that holds our positions, moved.
    async fn begin(
        &self,
        store: &Store,
        session: &Session,
        rules: &Ruleset,
    ) -> Result<DatabaseTransaction, Stop> {
        let begin = store.seen("BEGIN", session.begin());
        let tx = in_time(begin).await?;
        let db = store.observe(&tx);
        let moved = positions::move_all(&db, store, &self.sought, rules);
        if in_time(moved).await? {
            store.watch.rules_ready();
            return Ok(tx);
        }
        let partitions = self.sought.iter().map(|s| s.partition);
        if !positions::has_ruleset(&db, rules).await? {
            let why = "the database went back and does not have the active ruleset";
            store.watch.rules_failed(why);
            store.rules.look();
        }
        let revision = positions::revision(&db, store.topic_id, partitions.clone()).await?;
        if revision > rules.revision() {
            store.await_rules(revision, rules.revision());
        }
        let stored = positions::stored(&db, store.topic_id, partitions, false).await?;
        self.stop(tx, answer_of_positions(&self.sought, &stored, false))
            .await
    }

    async fn stop<T>(&self, tx: DatabaseTransaction, answer: Answer) -> Result<T, Stop> {
        tx.rollback().await?;
        Err(Stop::Answer(answer))
    }

    async fn decide<C: ConnectionTrait>(
        &self,
        store: &Store,
        db: &C,
        rules: &Arc<Ruleset>,
    ) -> Result<Decided, Stop> {
        let started = Instant::now();
        let parts = store.parts.now();
        let rows =
            read::rows(db, &store.knowledge, &self.batch.skus).instrument(stage("read stock"));
        let (epoch, known) = in_time(rows).await?;
        store.metrics.batch("read", started.elapsed());
        let started = Instant::now();
        let mut inquiry = Inquiry::new(self, store, &known, &parts);
        in_time(inquiry.before_fold(db).instrument(stage("look up ids"))).await?;
        store.metrics.batch("look_up", started.elapsed());
        let started = Instant::now();
        let judging = Judging {
            rules,
            traces: &store.traces,
            policy: &store.policy,
            skus: &self.batch.skus,
            slots: known.iter().map(|known| known.slot).collect(),
            reads: self.reads().collect(),
        };
        let mut judged = judging.fold(&inquiry.answered)?;
        // Each turn finds a repeat more, so there are at most as many as events.
        while in_time(inquiry.of_unmoved(db, &judged.folded)).await? {
            judged = judging.fold(&inquiry.answered)?;
        }
        store.metrics.batch("fold", started.elapsed());
        Ok(Decided {
            epoch,
            known,
            parts,
            judged,
        })
    }

    /// The events of this attempt, in order.
    pub(super) fn reads(&self) -> impl Iterator<Item = &Read> {
        self.entries
            .iter()
            .filter_map(|&n| self.batch.entries[n as usize].content.as_ref().ok())
    }
}

fn committed(store: &Store, judged: Judged, session: Session) -> Done {
    store.rules.faulted(judged.rules.revision(), &judged.report);
    Done {
        answer: Answer::Committed,
        judged: Some(judged),
        session: Some(session),
        fault: None,
    }
}

/// What spans and metrics call an attempt that came to nothing.
pub(crate) fn reason(answer: &Answer) -> Option<&'static str> {
    match answer {
        Answer::Committed | Answer::Tripped(_) => None,
        Answer::Conflict => Some("conflict"),
        Answer::Duplicates => Some("duplicates"),
        Answer::Turned => Some("part_turned"),
        Answer::Transient => Some("transient"),
        Answer::Lost(_) => Some("lost"),
        Answer::Ahead(_) => Some("ahead"),
        Answer::Refused(_) => Some("refused"),
    }
}
