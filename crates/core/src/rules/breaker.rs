//! Stops a rule that gives no valid answers, again and again, from parking the whole shop: the
//! ruleset goes back to what it was before. A shadow's faults cost as much and count as well.
//! Rejections are answers and no business of it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use plimsoll_rule_host::ruleset::{Faulted, Mode, Report};
use plimsoll_rule_host::{Digest, Document, FaultKind};
use sea_orm::DatabaseConnection;

use super::activate::append;
use super::{Error, Shelf, Stored, Wish, floors, rollback, status, stored};

/// So many faults of one bundle within the window are no oddity of a few events: where it decides,
/// a SKU whose event is parked asks no more. Lower: one strange delivery takes a rule away from all others.
/// Higher: more SKUs are held before somebody acts.
const FAULTS_MAX: usize = 20;
/// The time in which they are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// So many rulesets before the present one are looked at: more than it takes to let a rule decide
/// step by step. Higher: more of what was changed meanwhile may go with it.
const LOOK_BACK_MAX: usize = 16;
/// What stands in `activated_by`.
pub(super) const NAME: &str = "breaker";

/// A bundle that had its chances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trip {
    /// The ruleset that asked it. Of another one nothing is known.
    pub(super) revision: i32,
    pub(super) bundle: Digest,
    /// How its last fault was.
    pub(super) kind: FaultKind,
}

/// Counts the faults under one revision: what happened under another says nothing about it.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    revision: i32,
    recent: HashMap<Digest, VecDeque<Instant>>,
    tripped: Vec<Trip>,
}

impl Breaker {
    /// Counts what one committed batch reports, which was decided under `revision`; not if a newer
    /// one is counted already. Whether that was too much for a bundle.
    pub(super) fn count(&mut self, revision: i32, report: &Report, now: Instant) -> bool {
        if revision < self.revision {
            return false;
        }
        if revision > self.revision {
            self.begin(revision);
        }
        let mut tripped = false;
        for fault in &report.faults {
            tripped |= self.fault(fault, now);
        }
        tripped
    }

    /// Counts anew, under this revision.
    pub(super) fn begin(&mut self, revision: i32) {
        *self = Breaker {
            revision,
            ..Breaker::default()
        };
    }

    fn fault(&mut self, fault: &Faulted, now: Instant) -> bool {
        let recent = self.recent.entry(fault.bundle).or_default();
        while recent
            .front()
            .is_some_and(|when| now.duration_since(*when) > WINDOW)
        {
            recent.pop_front();
        }
        recent.push_back(now);
        let known = self.tripped.iter().any(|trip| trip.bundle == fault.bundle);
        if recent.len() < FAULTS_MAX || known {
            // What cannot trip it any more need not be remembered.
            recent.truncate(FAULTS_MAX);
            return false;
        }
        self.tripped.push(Trip {
            revision: self.revision,
            bundle: fault.bundle,
            kind: fault.fault.kind,
        });
        true
    }

    /// The bundles to be acted on.
    pub(super) fn tripped(&self) -> Vec<Trip> {
        self.tripped.clone()
    }

    /// It was acted on: counting begins again.
    pub(super) fn reset(&mut self, trip: Trip) {
        if trip.revision == self.revision {
            self.recent.remove(&trip.bundle);
            self.tripped.retain(|known| known.bundle != trip.bundle);
        }
    }
}

/// Writes the ruleset that does without the bundle, if the one that asked it is still desired. The
/// new revision.
pub(super) async fn roll_back(
    db: &DatabaseConnection,
    shelf: &Arc<Shelf>,
    trip: Trip,
) -> Result<Option<i32>, Error> {
    let newest = stored::newest(db).await?;
    if newest != trip.revision {
        return Ok(None);
    }
    let present = stored::document(db, newest).await?;
    let former = match decides(&present, trip.bundle) {
        true => former(db, shelf, trip).await?,
        // Whatever else came with a mere shadow is as good as it was.
        false => None,
    };
    let (document, becomes) = match former {
        Some((revision, former)) => (former, format!("back to revision {revision}")),
        None => (without(present, trip.bundle), "it is off".to_owned()),
    };
    let digest = trip.bundle.to_string();
    let (name, version) = status::named(db, &digest).await?.unwrap_or_default();
    let reason = format!(
        "bundle {name} {version} ({digest}) gave no valid answer {FAULTS_MAX} times within {} s, \
         the last time for the reason `{}`: {becomes}",
        WINDOW.as_secs(),
        trip.kind.name()
    );
    let wish = Wish {
        by: NAME,
        reason: &reason,
        expected: Some(newest),
    };
    match append(db, &document, wish).await {
        Ok(revision) => {
            tracing::error!(revision, "the breaker tripped: {reason}");
            Ok(Some(revision))
        }
        // Another replica did it, or a person.
        Err(Error::Moved { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn decides(document: &Document, bundle: Digest) -> bool {
    let mut rules = document.rules.iter();
    rules.any(|binding| binding.bundle == bundle && floors::decides(binding))
}

/// Whether it decides about every event that it selects.
fn enforces(document: &Document, bundle: Digest) -> bool {
    let mut rules = document.rules.iter();
    rules.any(|binding| binding.bundle == bundle && binding.mode == Mode::Enforce)
}

/// Whether it is asked at all.
fn asks(document: &Document, bundle: Digest) -> bool {
    let mut rules = document.rules.iter();
    rules.any(|binding| binding.bundle == bundle && binding.mode != Mode::Off)
}

/// The ruleset from before the bundle came, with its revision: the newest that does not ask it and
/// that replicas would take. There may be some between in which it did not decide about everything
/// yet. None if it enforced before the present one, since much else may have changed meanwhile, and
/// none behind a ruleset that went back itself: what a person left is not to come back unnamed, and
/// two bad bundles would send each other back and forth.
async fn former(
    db: &DatabaseConnection,
    shelf: &Arc<Shelf>,
    trip: Trip,
) -> Result<Option<(i32, Document)>, Error> {
    for above in (2..=trip.revision).rev().take(LOOK_BACK_MAX) {
        if rollback::went_back(db, above).await? {
            return Ok(None);
        }
        let revision = above - 1;
        let document = match stored::document(db, revision).await {
            Err(error) if error.is_outside() => return Err(error),
            Err(error) => {
                unfit(revision, &error);
                continue;
            }
            Ok(document) if enforces(&document, trip.bundle) => return Ok(None),
            Ok(document) if asks(&document, trip.bundle) => continue,
            Ok(document) => document,
        };
        let stored = stored::with_files(db, &document).await?;
        // As what is about to be written will be judged.
        let valid_s = stored::activated_s(db, trip.revision).await?;
        match shelf.ready(Stored { valid_s, ..stored }).await {
            Ok(_) => return Ok(Some((revision, document))),
            Err(error) if error.is_outside() => return Err(error),
            Err(error) => unfit(revision, &error),
        }
    }
    Ok(None)
}

fn unfit(revision: i32, error: &Error) {
    let why = error.reason();
    tracing::warn!(revision, "this earlier ruleset is no way back: {why}");
}

/// The same, but that this bundle is not asked.
fn without(mut document: Document, bundle: Digest) -> Document {
    for binding in document
        .rules
        .iter_mut()
        .filter(|rule| rule.bundle == bundle)
    {
        binding.mode = Mode::Off;
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use plimsoll_domain::{Code, Said};
    use plimsoll_rule_host::Fault;

    fn report(bundle: u8) -> Report {
        Report {
            faults: vec![Faulted {
                question: 0,
                said: Said {
                    rule: 0,
                    code: Code::Fault,
                },
                rule: "r".into(),
                bundle: Digest([bundle; 32]),
                enforced: false,
                fault: Fault {
                    kind: FaultKind::Fuel,
                    detail: String::new(),
                },
            }],
            ..Report::default()
        }
    }

    #[test]
    fn many_faults_within_the_window_trip_it_once() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        let tripped = (0..FAULTS_MAX * 3).filter(|_| breaker.count(7, &report(1), start));
        assert_eq!(tripped.count(), 1);
        let trip = Trip {
            revision: 7,
            bundle: Digest([1; 32]),
            kind: FaultKind::Fuel,
        };
        assert_eq!(breaker.tripped(), [trip]);
        breaker.reset(trip);
        assert!(!breaker.count(7, &report(1), start) && breaker.tripped().is_empty());
    }

    #[test]
    fn few_at_a_time_and_many_bundles_do_not_trip_it() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        let pace = WINDOW / u32::try_from(FAULTS_MAX - 2).expect("few");
        for n in 0..100 {
            assert!(!breaker.count(7, &report(1), start + pace * n));
        }
        for bundle in 10..200 {
            assert!(!breaker.count(7, &report(bundle), start));
        }
    }

    #[test]
    fn what_happened_under_another_revision_does_not_count() {
        let (mut breaker, now) = (Breaker::default(), Instant::now());
        for revision in [7, 8] {
            for _ in 1..FAULTS_MAX {
                assert!(!breaker.count(revision, &report(1), now));
            }
        }
        assert!(!breaker.count(7, &report(1), now) && breaker.tripped().is_empty());
        assert!(breaker.count(8, &report(1), now));
        let trip = breaker.tripped()[0];
        assert_eq!(trip.revision, 8);
        // A newer ruleset was not at fault, and what is done about the older one changes nothing.
        breaker.count(9, &Report::default(), now);
        assert!(breaker.tripped().is_empty());
        assert_eq!(
            (0..FAULTS_MAX)
                .filter(|_| breaker.count(9, &report(1), now))
                .count(),
            1
        );
        breaker.reset(trip);
        assert_eq!(breaker.tripped().len(), 1);
    }

    #[test]
    fn the_bundle_alone_is_off_in_what_goes_on() {
        let document = |mode: &str| {
            let rule = |digest: &str, mode: &str| {
                format!(
                    "[[rules]]\nbundle = '{}'\nmode = '{mode}'\n",
                    digest.repeat(64)
                )
            };
            let text = rule("1", mode) + &rule("2", "enforce");
            Document::from_toml(&text).expect("it is well written")
        };
        assert_eq!(
            without(document("canary 5%"), Digest([0x11; 32])),
            document("off")
        );
    }
}
