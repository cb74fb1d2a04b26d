//! Follows a folder: its bundles are pushed and its `ruleset.toml` is activated when they change
//! and are not being written any more.
//! The folder speaks only when it says something else than it said last, from whichever replica:
//! so a roll-back by a person or the breaker stays, also over a restart.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use std::sync::Arc;

use plimsoll_rule_host::Document;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};

use super::{Error, Settings, Shelf, Wish, activate, push, stored};
use crate::database::statement;

/// How a bundle's file ends.
const ENDINGS: [&str; 2] = ["bundle", "plimsoll"];
/// What is activated.
const RULESET: &str = "ruleset.toml";
/// Why nothing is not the ruleset that asks nobody.
const EMPTY: &str = "it is empty, as a file is that is still to be written: if no rule is to be \
                     asked, write `rules = []`";
/// Bundles of a folder at most, and bytes of one file at most: all of it is read each second.
const FILES_MAX: usize = 100;
const FILE_BYTES_MAX: u64 = 4 << 20;
/// What did not work is tried again after this, or when the content changes.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// Content counts when it was the same in two looks in a row that lie so far apart. Lower: a file
/// that is being copied may be taken half, if looks come fast. Higher: changes come later.
const STILL: Duration = Duration::from_millis(500);
/// What stands in `activated_by`.
const NAME: &str = "folder";

/// A folder and what was done with it.
pub(super) struct Folder {
    path: PathBuf,
    /// See [`Settings::created_floor`].
    created_floor: Option<i64>,
    /// What is there, and since when.
    found: Option<(Instant, Arc<Content>)>,
    handled: Option<Arc<Content>>,
    failed: Option<(Instant, Arc<Content>)>,
    /// What was logged last, so that it is logged once.
    complaint: String,
}

/// Everything in a folder that counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Content {
    ruleset: Option<String>,
    bundles: BTreeMap<PathBuf, Vec<u8>>,
}

impl Folder {
    /// Nothing if none is followed.
    pub(super) fn of(settings: &Settings) -> Option<Folder> {
        let path = settings.folder.clone()?;
        Some(Folder::new(path, settings.created_floor))
    }

    fn new(path: PathBuf, created_floor: Option<i64>) -> Folder {
        Folder {
            path,
            created_floor,
            found: None,
            handled: None,
            failed: None,
            complaint: String::new(),
        }
    }

    /// Does what is new. What goes wrong is logged, once.
    pub(super) async fn look(&mut self, db: &DatabaseConnection, shelf: &Arc<Shelf>) {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || Content::read(&path));
        match read.await.expect("a panic stops the process") {
            Ok(content) => {
                if let Some(content) = self.still(content, Instant::now()) {
                    self.consider(content, db, shelf).await;
                }
            }
            Err(error) => {
                self.found = None;
                self.complain(format!("{}: {error}", self.path.display()));
            }
        }
    }

    /// The content, if nobody seems to be writing it any more.
    fn still(&mut self, content: Content, now: Instant) -> Option<Arc<Content>> {
        match &self.found {
            Some((since, found)) if **found == content => {
                (now.duration_since(*since) >= STILL).then(|| Arc::clone(found))
            }
            _ => {
                self.found = Some((now, Arc::new(content)));
                None
            }
        }
    }

    async fn consider(
        &mut self,
        content: Arc<Content>,
        db: &DatabaseConnection,
        shelf: &Arc<Shelf>,
    ) {
        let waits = |(when, failed): &(Instant, Arc<Content>)| {
            *failed == content && when.elapsed() < TRY_AGAIN
        };
        if self.handled.as_ref() == Some(&content) || self.failed.as_ref().is_some_and(waits) {
            return;
        }
        match self.apply(&content, db, shelf).await {
            Ok(activated) => {
                if let Some(revision) = activated {
                    let folder = self.path.display();
                    tracing::info!(%folder, revision, "the folder's ruleset is revision {revision}");
                }
                self.handled = Some(content);
                self.failed = None;
                self.complaint.clear();
            }
            Err(why) => {
                self.failed = Some((Instant::now(), content));
                self.complain(why);
            }
        }
    }

    /// Pushes and activates what is new. The new revision, if there is one.
    async fn apply(
        &self,
        content: &Content,
        db: &DatabaseConnection,
        shelf: &Arc<Shelf>,
    ) -> Result<Option<i32>, String> {
        for (path, file) in &content.bundles {
            let pushed = push(db, shelf, file, NAME).await;
            pushed.map_err(|error| format!("{}: {}", path.display(), error.reason()))?;
        }
        let Some(text) = &content.ruleset else {
            return Ok(None);
        };
        let path = self.path.join(RULESET);
        if text.trim().is_empty() {
            return Err(format!("{}: {EMPTY}", path.display()));
        }
        let activated = self.activate(text, db, shelf).await;
        activated.map_err(|error| format!("{}: {}", path.display(), error.reason()))
    }

    async fn activate(
        &self,
        text: &str,
        db: &DatabaseConnection,
        shelf: &Arc<Shelf>,
    ) -> Result<Option<i32>, Error> {
        let document = Document::from_toml(text)?;
        let newest = stored::newest(db).await?;
        if said_last(db).await? == Some(document.digest().to_string()) {
            return Ok(None);
        }
        let wish = Wish {
            by: NAME,
            reason: &self.path.display().to_string(),
            expected: Some(newest),
        };
        let activated = activate(db, shelf, &document, self.created_floor, wish).await;
        activated.map(Some)
    }

    fn complain(&mut self, why: String) {
        if why != self.complaint {
            tracing::error!("the folder of rules is not followed: {why}");
            self.complaint = why;
        }
    }
}

impl Content {
    fn read(folder: &Path) -> io::Result<Content> {
        let mut content = Content::default();
        for entry in folder.read_dir()? {
            let path = entry?.path();
            let ends = |ending: &str| path.extension().is_some_and(|found| found == ending);
            if path.file_name().is_some_and(|name| name == RULESET) {
                let bytes = limited(&path)?;
                content.ruleset = Some(String::from_utf8_lossy(&bytes).into_owned());
            } else if ENDINGS.into_iter().any(ends) {
                content.bundles.insert(path.clone(), limited(&path)?);
            }
            if content.bundles.len() > FILES_MAX {
                let why = format!("more than {FILES_MAX} bundles: keep those that are used");
                return Err(io::Error::other(why));
            }
        }
        Ok(content)
    }
}

/// The digest of what a folder activated last.
async fn said_last(db: &DatabaseConnection) -> Result<Option<String>, DbErr> {
    let sql = "SELECT digest FROM plimsoll_internal.rulesets WHERE activated_by = $1
               ORDER BY revision DESC LIMIT 1";
    let row = db.query_one_raw(statement(sql, [NAME.into()])).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

/// Of a pipe or a device nothing is read, and it is not opened: that would wait for a writer, or never
/// end.
fn limited(path: &Path) -> io::Result<Vec<u8>> {
    let named = |error: io::Error| io::Error::other(format!("{}: {error}", path.display()));
    if !path.metadata().map_err(named)?.is_file() {
        return Err(named(io::Error::other("it is no regular file")));
    }
    let (file, mut bytes) = (File::open(path).map_err(named)?, Vec::new());
    let mut file = file.take(FILE_BYTES_MAX + 1);
    let read = file.read_to_end(&mut bytes).map_err(named)?;
    if read as u64 > FILE_BYTES_MAX {
        let why = format!("more than {FILE_BYTES_MAX} bytes");
        return Err(named(io::Error::other(why)));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;
    use std::sync::mpsc::sync_channel;
    use std::thread;

    use super::*;

    /// What is wrong with a folder that holds `a.bundle`. Fails if it cannot be told soon.
    fn wrong(folder: &Path) -> String {
        let (told, reading) = sync_channel(1);
        let folder = folder.to_owned();
        thread::spawn(move || told.send(Content::read(&folder)));
        let read = reading.recv_timeout(Duration::from_secs(10));
        let error = read.expect("it does not wait").expect_err("it is wrong");
        error.to_string()
    }

    #[test]
    fn only_regular_files_of_some_size_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let (bundle, target) = (folder.path().join("a.bundle"), folder.path().join("target"));
        let pipe = Command::new("mkfifo").arg(&bundle).status();
        assert!(pipe.expect("it is installed").success());
        assert!(wrong(folder.path()).ends_with("a.bundle: it is no regular file"));
        for device in ["/dev/null", "/dev/zero"] {
            std::fs::remove_file(&bundle).expect("it is there");
            symlink(device, &bundle).expect("a link");
            assert!(wrong(folder.path()).ends_with("a.bundle: it is no regular file"));
        }
        std::fs::remove_file(&bundle).expect("it is there");
        symlink(&target, &bundle).expect("a link");
        let file = File::create(&target).expect("a file");
        file.set_len(FILE_BYTES_MAX + 1).expect("there is room");
        assert!(wrong(folder.path()).ends_with("a.bundle: more than 4194304 bytes"));
        file.set_len(FILE_BYTES_MAX).expect("there is room");
        let content = Content::read(folder.path()).expect("nothing is wrong with it");
        assert_eq!(content.bundles[&bundle].len() as u64, FILE_BYTES_MAX);
    }

    fn content(ruleset: &str) -> Content {
        Content {
            ruleset: Some(ruleset.to_owned()),
            ..Content::default()
        }
    }

    #[test]
    fn what_is_still_being_written_does_not_count() {
        let mut folder = Folder::new(PathBuf::new(), None);
        let (half, whole, start) = (content("[[rules"), content("rules = []"), Instant::now());
        let mut looks = |content: &Content, after: Duration| {
            let still = folder.still(content.clone(), start + after);
            still.is_some_and(|still| *still == *content)
        };
        assert!(!looks(&half, Duration::ZERO));
        assert!(!looks(&whole, STILL));
        assert!(!looks(&half, STILL * 2));
        assert!(!looks(&whole, STILL * 3));
        // Woken at once.
        assert!(!looks(&whole, STILL * 3));
        assert!(looks(&whole, STILL * 4));
        assert!(looks(&whole, STILL * 5));
    }
}
