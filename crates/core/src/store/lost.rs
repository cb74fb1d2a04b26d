//! A COMMIT that was sent and not answered: what came of it.

use plimsoll_domain::lane::{Answer, BACKOFF_MAX, BACKOFF_MIN, answer_of_positions};
use sea_orm::DbErr;

use super::attempt::Job;
use super::{Store, positions, told};
use crate::database::{Session, in_time};

/// Asks a new connection what became of a COMMIT whose answer was lost. The rows are
/// locked, so the old backend has ended by then, one way or the other.
pub(super) async fn settle(job: &Job, store: &Store, why: String) -> (Session, Answer) {
    let mut wait = BACKOFF_MIN;
    let (session, answer) = loop {
        match in_time(Box::pin(ask(job, store))).await {
            Ok(asked) => break asked,
            Err(err) => {
                let fault = told(&err);
                tracing::warn!(
                    fault,
                    "the answer of a COMMIT is lost and the database cannot be asked yet"
                );
                store.watch.database_failed(&fault);
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(BACKOFF_MAX);
    };
    tracing::warn!(
        why,
        ?answer,
        "the answer of a COMMIT was lost; the positions tell"
    );
    (session, answer)
}

async fn ask(job: &Job, store: &Store) -> Result<(Session, Answer), DbErr> {
    let session = store.connect().await?;
    let tx = session.begin().await?;
    let stored = positions::stored(
        &tx,
        store.topic_id,
        job.sought.iter().map(|s| s.partition),
        true,
    )
    .await?;
    tx.rollback().await?;
    Ok((session, answer_of_positions(&job.sought, &stored, true)))
}
