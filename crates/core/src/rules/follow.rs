//! Follows the desired ruleset: reads, verifies, compiles, swaps, and says what it has. Whatever
//! fails, the present one stays. Does not know what the rules decide.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use plimsoll_rule_host::Ruleset;
use sea_orm::DatabaseConnection;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::folder::Folder;
use super::replica::{Row, Told};
use super::{Error, Rules, breaker, listen, stored};
use crate::complaint::Complaint;
use crate::database::Session;

/// A desired ruleset that cannot be made ready is tried again after this.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// After each bundle, and after a look, it rests for so many times as long as that took: however
/// often rulesets change, a fifth of one core goes to following them, or more where rests would be
/// longer than `REST_MAX`.
const REST_TIMES: u32 = 4;
/// The longest rest. A replica follows within a second.
const REST_MAX: Duration = Duration::from_millis(300);
/// So many older rulesets are tried if the desired one is refused.
const LOOK_BACK_MAX: i64 = 16;

/// What came of the last look.
#[derive(Default)]
pub(super) struct Seen {
    desired: i32,
    /// The revision that lanes needed by then.
    wanted: i32,
    /// Why the desired ruleset is not the active one.
    error: Option<String>,
    tried: Option<Instant>,
}

impl Rules {
    /// Makes the desired ruleset ready; or else the newest that can be, which is said. No lane may
    /// run before.
    ///
    /// # Errors
    /// If the database fails, or there are rulesets and none can be made ready. Try again.
    pub async fn start(&self) -> Result<(), Error> {
        let session = Session::open(&self.database, &self.instance).await?;
        let started = self.start_with(session.db()).await;
        session.discard();
        started
    }

    /// A service that may not run tells others why.
    async fn start_with(&self, db: &DatabaseConnection) -> Result<(), Error> {
        let mut seen = Seen::default();
        self.catch_up(db, &mut seen).await?;
        let told = self.told(&seen);
        match seen.error {
            Some(why) if told.active == 0 => {
                if let Err(error) = Row::new(&self.instance).tell(db, &told).await {
                    tracing::warn!(%error, "others cannot be told why this replica does not start");
                }
                Err(Error::NoneReady(why))
            }
            _ => Ok(()),
        }
    }

    /// Follows until it is aborted.
    pub async fn follow(self: Arc<Rules>) {
        let mut beside = JoinSet::new();
        let (database, instance) = (self.database.clone(), self.instance.clone());
        beside.spawn(listen::listen(database, instance, Arc::clone(&self.news)));
        let mut follower = Follower {
            folder: Folder::of(&self.settings),
            row: Row::new(&self.instance),
            seen: Seen::default(),
            session: None,
            complaint: Complaint::default(),
            untold: Complaint::default(),
            rules: self,
        };
        loop {
            let began = Instant::now();
            follower.look().await;
            follower.rules.woken(began.elapsed()).await;
        }
    }

    /// Waits after a look that took so long: for what a lane needs, or a while and then for news,
    /// or for nothing, because it looks now and then in any case.
    async fn woken(&self, took: Duration) {
        let rested = async {
            sleep((took * REST_TIMES).min(REST_MAX)).await;
            timeout(self.settings.look, self.news.notified()).await.ok();
        };
        tokio::select! {
            () = self.needed.notified() => {}
            () = rested => {}
        }
    }

    /// Swaps to the desired ruleset, if it can be made ready; or else to an older one, if the
    /// present one is none or not enough.
    async fn catch_up(&self, db: &DatabaseConnection, seen: &mut Seen) -> Result<(), Error> {
        let base = self.base(db).await?;
        let newer = stored::above(db, base, LOOK_BACK_MAX).await?;
        let desired = newer.first().copied().unwrap_or(base);
        let wanted = self.wanted.load(Ordering::Relaxed);
        let waits = |tried: Instant| tried.elapsed() < TRY_AGAIN;
        if (desired, wanted) == (seen.desired, seen.wanted)
            && seen.error.is_some()
            && seen.tried.is_some_and(waits)
        {
            return Ok(());
        }
        // What falls short of what a lane met would not let it go on.
        let helps = |revision: i32| base == 0 || (wanted > base && revision >= wanted);
        let mut error = None;
        for revision in newer.into_iter().filter(|it| *it == desired || helps(*it)) {
            match self.make(db, revision).await {
                Ok(ruleset) => {
                    self.swap(ruleset);
                    break;
                }
                Err(failed) if failed.is_outside() => return Err(failed),
                Err(failed) => {
                    error
                        .get_or_insert_with(|| format!("revision {revision}: {}", failed.reason()));
                }
            }
        }
        if error.is_some() && error != seen.error {
            let why = error.as_deref().unwrap_or_default();
            let active = self.now().revision();
            tracing::error!(desired, active, "the desired ruleset is refused: {why}");
        }
        *seen = Seen {
            desired,
            wanted,
            error,
            tried: Some(Instant::now()),
        };
        Ok(())
    }

    /// The revision to look above: the active one, or all if the database does not have it any
    /// more, because it went back.
    async fn base(&self, db: &DatabaseConnection) -> Result<i32, Error> {
        let active = self.now();
        if active.revision() == 0 {
            return Ok(0);
        }
        let stored = stored::digest(db, active.revision()).await?;
        if stored.is_some_and(|digest| digest == active.digest().to_string()) {
            return Ok(active.revision());
        }
        let revision = active.revision();
        tracing::error!(
            revision,
            "the active ruleset is not in the database any more"
        );
        if stored::newest(db).await? == 0 {
            self.swap(Ruleset::none());
        }
        Ok(0)
    }

    /// Each of them, whatever becomes of the others. The last failure, if there is one.
    async fn act_on_trips(&self, db: &DatabaseConnection) -> Result<(), Error> {
        let mut acted = Ok(());
        for trip in self.tripped() {
            match breaker::roll_back(db, &self.shelf, trip).await {
                Ok(_) => self.acted_on(trip),
                Err(error) => acted = Err(error),
            }
        }
        acted
    }

    async fn make(&self, db: &DatabaseConnection, revision: i32) -> Result<Ruleset, Error> {
        let stored = stored::load(db, revision).await?;
        if self.now().revision() == 0 || self.wanted.load(Ordering::Relaxed) >= revision {
            // Somebody waits for it.
            return self.shelf.ruleset(stored).await;
        }
        self.shelf
            .ruleset_beside(stored, REST_TIMES, REST_MAX)
            .await
    }

    /// What others may know.
    fn told(&self, seen: &Seen) -> Told {
        let active = self.now();
        let (revision, digest) = (active.revision(), active.digest().to_string());
        Told {
            desired: seen.desired,
            active: revision,
            active_digest: if revision == 0 { String::new() } else { digest },
            error: seen.error.clone().unwrap_or_default(),
        }
    }

    fn swap(&self, ruleset: Ruleset) {
        let (revision, digest) = (ruleset.revision(), ruleset.digest());
        let former = self.ready.swap(Arc::new(ruleset)).revision();
        if revision <= former {
            // The database went back: what is known of such revisions is about others.
            self.wanted.store(revision, Ordering::Relaxed);
            self.breaker.lock().begin(revision);
        }
        self.wanted.fetch_max(revision, Ordering::Relaxed);
        self.metrics
            .ruleset_revision(u64::try_from(revision).unwrap_or(0));
        tracing::info!(revision, %digest, "ruleset {revision} is active");
    }
}

/// The follower's own things.
struct Follower {
    rules: Arc<Rules>,
    folder: Option<Folder>,
    row: Row,
    seen: Seen,
    session: Option<Session>,
    /// About following, and about telling others.
    complaint: Complaint,
    untold: Complaint,
}

impl Follower {
    async fn look(&mut self) {
        let looked = self.try_look().await;
        if looked.is_err()
            && let Some(session) = self.session.take()
        {
            session.discard();
        }
        let what = "following rulesets failed and is tried again";
        self.complaint
            .hear(what, looked.err().map(|error| error.reason()));
    }

    /// The breaker goes first, and nothing that fails keeps the others from their turn, but for
    /// the ruleset that is followed: without it the database is not there.
    async fn try_look(&mut self) -> Result<(), Error> {
        let rules = Arc::clone(&self.rules);
        let session = match self.session.take() {
            Some(session) => session,
            None => Session::open(&rules.database, &rules.instance).await?,
        };
        let db = session.db().clone();
        self.session = Some(session);
        let acted = rules.act_on_trips(&db).await;
        rules.catch_up(&db, &mut self.seen).await?;
        let told = self.row.tell(&db, &rules.told(&self.seen)).await;
        let what = "others cannot be told which ruleset is active here";
        let why = told.err().map(|error| Error::from(error).reason());
        self.untold.hear(what, why);
        if let Some(folder) = &mut self.folder {
            folder.look(&db, &rules.shelf).await;
        }
        acted
    }
}
