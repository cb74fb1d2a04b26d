//! What the state machine asks for, done: in order, one at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_domain::lane::{
    Answer, Attempt, Effect, Event, Halt, MALFORMED_IN_A_ROW_MAX, Share, Sought,
};
use rand::RngExt;
use sea_orm::DbErr;

use super::Lane;
use crate::batch::Batch;
use crate::database::in_time;
use crate::store::{self, Done, Job};
use crate::{followed, tally};

impl Lane {
    /// Performs effects until the batch is over.
    pub(super) async fn perform(&mut self, batch: &Arc<Batch>, effects: Vec<Effect>) {
        let mut effects = VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::Apply(attempt) => {
                    let answer = self.apply(batch, attempt).await;
                    effects.extend(self.machine.step(Event::Answered(answer)));
                }
                // A drain does not wait for a database that is away: nothing is committed.
                Effect::Wait(_) if self.ending => return,
                Effect::Wait(wait) => {
                    self.wait(wait).await;
                    effects.extend(self.machine.step(Event::Waited));
                }
                Effect::TurnPart => self.turn_part().await,
                Effect::Settle(shares) => self.settled(batch, &shares),
                Effect::LetGo(partitions) => self.has_let_go(&partitions),
                Effect::Lost(partitions) => self.lose(&partitions),
                Effect::Halt(partition, why) => self.halt(partition, &reason(&why)),
                Effect::Free => {}
            }
        }
    }

    /// One attempt, in a task that nobody can cancel; orders are obeyed while it runs.
    async fn apply(&mut self, batch: &Arc<Batch>, attempt: Attempt) -> Answer {
        self.signs.give(Instant::now());
        let session = match self.take_session().await {
            Ok(session) => session,
            Err(_) if self.ending => return Answer::Transient,
            Err(err) => return self.unreachable(&err),
        };
        let mut shares = attempt.shares.iter();
        if shares.any(|share| self.still(share.partition).is_none()) {
            // It left while we connected; the next attempt goes on without it.
            self.session = Some(session);
            return Answer::Transient;
        }
        let job = Job {
            batch: Arc::clone(batch),
            topic_id: self.shared.store.topic_id,
            entries: entries(batch, &attempt.shares),
            sought: attempt
                .shares
                .iter()
                .map(|&share| self.sought(batch, share))
                .collect(),
            locked: attempt.locked,
            look_up_all: attempt.look_up_all,
        };
        let records = job.entries.clone();
        let work = job.run(Arc::clone(&self.shared.store), session);
        let mut task = tokio::spawn(batch.trace.around(work));
        let inbox = Arc::clone(&self.inbox);
        let done = loop {
            tokio::select! {
                done = &mut task => break done.expect("a panic in a transaction stops the process"),
                () = inbox.arrived() => self.obey(),
            }
        };
        self.answered(batch, &records, done).await
    }

    async fn answered(&mut self, batch: &Batch, records: &[u32], done: Done) -> Answer {
        self.session = done.session;
        let metrics = &self.shared.store.metrics;
        let what = "the database did not take a batch";
        self.complaint.hear(what, done.fault.clone());
        match (&done.answer, store::reason(&done.answer)) {
            (Answer::Conflict, _) => {
                metrics.conflict();
                batch.trace.keep("conflict");
            }
            (_, Some(reason)) => {
                metrics.retry(reason);
                batch.trace.keep("retry");
            }
            (_, None) => {}
        }
        match (&done.answer, &done.fault) {
            (Answer::Transient, Some(fault)) => self.shared.store.watch.database_failed(fault),
            _ => self.shared.store.watch.database_answered(),
        }
        if let Some(judged) = &done.judged {
            let store = &self.shared.store;
            tally::committed(store, batch, records, judged);
            followed::committed(store, batch, records, judged);
            self.shared.store.watch.applied(records.len() as u64);
        }
        if done.answer == Answer::Turned {
            self.refresh_parts().await;
        }
        match done.answer {
            Answer::Committed => self.committed(batch, records),
            answer => answer,
        }
    }

    /// Shows what was committed to the breakers of its partitions.
    pub(super) fn committed(&mut self, batch: &Batch, records: &[u32]) -> Answer {
        let mut tripped = Vec::new();
        for entry in records.iter().map(|&n| &batch.entries[n as usize]) {
            if let Some(owned) = self.still(entry.partition)
                && owned.breaker.trips_on(entry.content.is_err())
            {
                tripped.push(entry.partition);
            }
        }
        match tripped.is_empty() {
            true => Answer::Committed,
            false => Answer::Tripped(tripped),
        }
    }

    fn unreachable(&mut self, err: &DbErr) -> Answer {
        let why = store::told(err);
        let what = "PostgreSQL cannot be reached";
        self.complaint.hear(what, Some(why.clone()));
        self.shared.store.metrics.retry("unreachable");
        self.shared.store.watch.database_failed(&why);
        Answer::Transient
    }

    fn sought(&self, batch: &Batch, share: Share) -> Sought {
        let owned = &self.in_flight[&share.partition];
        Sought {
            partition: share.partition,
            claim: owned.claim,
            from: owned.next_offset,
            to: batch.offset_after(share),
        }
    }

    async fn wait(&mut self, wait: Duration) {
        let until = tokio::time::Instant::now() + spread(wait, rand::rng().random());
        let inbox = Arc::clone(&self.inbox);
        while !self.ending
            && tokio::time::timeout_at(until, inbox.arrived())
                .await
                .is_ok()
        {
            self.obey();
        }
    }

    /// A failure here shows again in the next attempt, which has its own remedy.
    async fn turn_part(&mut self) {
        let store = Arc::clone(&self.shared.store);
        let Ok(session) = self.take_session().await else {
            return;
        };
        let turn = store.parts.turn(session.db(), store.id_window);
        let turned = self.obeying(in_time(turn)).await;
        self.put_back(session, &turned);
        if let Err(err) = turned {
            let why = store::told(&err);
            tracing::warn!(why, "the ledger's part could not be turned");
        }
    }

    async fn refresh_parts(&mut self) {
        let store = Arc::clone(&self.shared.store);
        let Ok(session) = self.take_session().await else {
            return;
        };
        let read = store.parts.refresh(session.db(), store.id_window);
        let read = self.obeying(in_time(read)).await;
        self.put_back(session, &read);
        if let Err(err) = read {
            let why = store::told(&err);
            tracing::warn!(why, "the ledger's parts could not be read");
        }
    }
}

/// A wait with up to half of it on top, so that replicas do not come back in step. `by`: 0 to 1.
fn spread(wait: Duration, by: f64) -> Duration {
    wait.mul_f64(1.0 + 0.5 * by)
}

/// Numbers of the entries that belong to `shares`, in order.
fn entries(batch: &Batch, shares: &[Share]) -> Vec<u32> {
    let covered = |entry: &crate::batch::Entry| {
        shares
            .iter()
            .any(|s| s.partition == entry.partition && (s.first..s.until).contains(&entry.ordinal))
    };
    (0..)
        .zip(&batch.entries)
        .filter(|(_, entry)| covered(entry))
        .map(|(n, _)| n)
        .collect()
}

fn reason(halt: &Halt) -> String {
    match halt {
        Halt::Ahead => "ahead: the stored position was moved by hand".to_owned(),
        Halt::Refused(why) => format!("refused: {why}"),
        Halt::Malformed => format!(
            "malformed: {MALFORMED_IN_A_ROW_MAX} records in a row are no events and are kept in \
             refusals; mend their producer, then type `plimsoll positions resume`"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_shorter_and_up_to_half_longer() {
        let wait = Duration::from_millis(200);
        assert_eq!(spread(wait, 0.0), wait);
        assert_eq!(spread(wait, 1.0), Duration::from_millis(300));
    }
}
