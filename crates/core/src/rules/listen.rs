//! Hears of new rulesets at once, where the connection lets it: behind a pooler that shares
//! connections nothing comes, and the follower's own look each second has to do.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::sqlx;
use sea_orm::sqlx::postgres::PgListener;
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::database::{self, Session};

/// Between two tries to listen.
const PAUSE: Duration = Duration::from_secs(5);

/// Listens until it is aborted, and wakes whoever waits for `news`.
pub(super) async fn listen(database: database::Settings, instance: String, news: Arc<Notify>) {
    loop {
        if let Ok(session) = Session::open(&database, &instance).await {
            if let Err(error) = hear(&session, &news).await {
                tracing::debug!(%error, "not listening for rulesets");
            }
            session.discard();
        }
        sleep(PAUSE).await;
    }
}

async fn hear(session: &Session, news: &Notify) -> Result<(), sqlx::Error> {
    let pool = session.db().get_postgres_connection_pool();
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen("plimsoll_rules").await?;
    loop {
        // Nothing means that the connection was lost meanwhile: something may have been missed.
        listener.try_recv().await?;
        news.notify_one();
    }
}
