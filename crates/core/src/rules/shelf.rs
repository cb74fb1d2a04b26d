//! Rules that are ready, by digest: an unchanged bundle is compiled once. From a stored ruleset
//! to one that can be asked, step by step. Reads no database.

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use plimsoll_rule_host::activate::{self, CaseError, Refused};
use plimsoll_rule_host::bundle::Trust;
use plimsoll_rule_host::{Bundle, Digest, Document, Engine, FaultKind, Limits, Rule, Ruleset};

use super::stored::File;
use super::{Error, Stored};
use crate::clock;

/// Compiled rules that are kept; beyond, only those that are needed. Some hundred kilobytes each.
const KEPT_MAX: usize = 64;
/// How long a file that does not become a rule is not tried again: what cannot be compiled in
/// time goes on compiling behind our back, and must not pile up.
const REFUSED_FOR: Duration = Duration::from_secs(300);

/// Makes rulesets ready, and keeps what may be needed again.
pub struct Shelf {
    engine: Engine,
    trust: Trust,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    rules: HashMap<Digest, Rule>,
    /// By the number of the file, because the same bundle may be pushed again, signed anew.
    refused: HashMap<i64, (Instant, Arc<Refused>)>,
}

/// A ruleset that is ready, and its rules.
pub(super) struct Ready {
    pub(super) ruleset: Ruleset,
    pub(super) rules: HashMap<Digest, Rule>,
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").finish_non_exhaustive()
    }
}

impl Shelf {
    /// An empty one that believes these keys.
    ///
    /// # Errors
    /// If this machine has no room for the engine.
    pub fn new(trust: Trust) -> Result<Arc<Shelf>, Error> {
        let engine = Engine::new(Limits::default());
        Ok(Arc::new(Shelf {
            engine: engine.map_err(|error| Error::Engine(format!("{error:#}")))?,
            trust,
            kept: Mutex::default(),
        }))
    }

    /// Whether a file is a bundle that this service would use, as far as signatures say.
    ///
    /// # Errors
    /// If it is not.
    pub(super) fn open(&self, file: &[u8]) -> Result<Bundle, Error> {
        Bundle::open(file, &self.trust, clock::now_s()).map_err(Error::File)
    }

    /// A stored ruleset, ready to be asked.
    ///
    /// # Errors
    /// If one of its bundles is missing or refused, or a parameter is out of range.
    pub async fn ruleset(self: &Arc<Shelf>, stored: Stored) -> Result<Ruleset, Error> {
        Ok(self.ready(stored).await?.ruleset)
    }

    /// The same while events flow: after each bundle it rests for so many times as long as that
    /// took, in all no longer than `rest_max`, so that a large ruleset is many small disturbances.
    pub(super) async fn ruleset_beside(
        self: &Arc<Shelf>,
        stored: Stored,
        rest_times: u32,
        rest_max: Duration,
    ) -> Result<Ruleset, Error> {
        let shelf = Arc::clone(self);
        let bundles = u32::try_from(stored.files.len()).unwrap_or(u32::MAX);
        let each_max = rest_max / bundles.max(1);
        let rest = move |took: Duration| thread::sleep((took * rest_times).min(each_max));
        let made = tokio::task::spawn_blocking(move || shelf.ready_now(&stored, rest));
        Ok(made.await.expect("a panic stops the process")?.ruleset)
    }

    /// Verifies and compiles away from where events flow.
    pub(super) async fn ready(self: &Arc<Shelf>, stored: Stored) -> Result<Ready, Error> {
        let shelf = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || shelf.ready_now(&stored, |_| {}));
        made.await.expect("a panic stops the process")
    }

    /// Calls `made` after each bundle with the time it took.
    fn ready_now(&self, stored: &Stored, made: impl Fn(Duration)) -> Result<Ready, Error> {
        let Stored {
            revision,
            document,
            files,
            valid_s,
        } = stored;
        let mut rules = HashMap::new();
        for (digest, files) in files.iter().filter(|(_, files)| !files.is_empty()) {
            let began = Instant::now();
            rules.insert(*digest, self.rule(*digest, files, *valid_s)?);
            made(began.elapsed());
        }
        self.tidy(document);
        Ok(Ready {
            ruleset: Ruleset::assemble(*revision, document, &rules)?,
            rules,
        })
    }

    /// The rule of the newest file that is trusted; otherwise why the newest is not.
    fn rule(&self, digest: Digest, files: &[File], now: i64) -> Result<Rule, Error> {
        let mut first = None;
        for file in files {
            match self.rule_of(digest, file, now) {
                Ok(rule) => return Ok(rule),
                Err(error) => {
                    first.get_or_insert(error);
                }
            }
        }
        Err(first.expect("there is at least one file"))
    }

    fn rule_of(&self, digest: Digest, file: &File, now: i64) -> Result<Rule, Error> {
        let refused = |source| Error::Refused {
            name: file.name.clone(),
            digest,
            source,
        };
        let bundle = Bundle::open(&file.bytes, &self.trust, now);
        let bundle = bundle.map_err(|error| refused(Arc::new(Refused::Verify(error))))?;
        if bundle.digest() != digest {
            return Err(Error::Exchanged(digest));
        }
        if let Some(rule) = self.kept.lock().rules.get(&digest) {
            return Ok(rule.clone());
        }
        self.compiled(file.number, bundle).map_err(refused)
    }

    fn compiled(&self, number: i64, bundle: Bundle) -> Result<Rule, Arc<Refused>> {
        if let Some((when, why)) = self.kept.lock().refused.get(&number)
            && when.elapsed() < REFUSED_FOR
        {
            return Err(Arc::clone(why));
        }
        let digest = bundle.digest();
        let loaded = activate::load(&self.engine, bundle);
        let mut kept = self.kept.lock();
        match loaded {
            Ok(rule) => {
                kept.rules.insert(digest, rule.clone());
                Ok(rule)
            }
            Err(why) => {
                let why = Arc::new(why);
                if !is_ours(&why) {
                    kept.refused
                        .insert(number, (Instant::now(), Arc::clone(&why)));
                }
                Err(why)
            }
        }
    }

    /// Forgets what this ruleset does not need, if there is much of it.
    fn tidy(&self, document: &Document) {
        let mut kept = self.kept.lock();
        if kept.rules.len() > KEPT_MAX {
            let needed = |digest: &Digest| document.rules.iter().any(|rule| rule.bundle == *digest);
            kept.rules.retain(|digest, _| needed(digest));
        }
        kept.refused
            .retain(|_, (when, _)| when.elapsed() < REFUSED_FOR);
    }
}

/// Whether this machine was too busy, which says nothing about the bundle.
fn is_ours(why: &Refused) -> bool {
    let Refused::Case { source, .. } = why else {
        return false;
    };
    match source {
        CaseError::Unavailable(_) => true,
        CaseError::Fault(fault) => fault.kind == FaultKind::Deadline,
        CaseError::Other { .. } | CaseError::Parameters(_) => false,
    }
}
