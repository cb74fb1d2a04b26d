//! Stops a rule that gives no valid answers, again and again, from parking the whole shop: the
//! ruleset goes back to what it was before. Rejections are answers and no business of it.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use plimsoll_rule_host::ruleset::{Faulted, Mode, Report};
use plimsoll_rule_host::{Digest, Document, FaultKind};
use sea_orm::{ConnectionTrait, DatabaseConnection};

use super::activate::append;
use super::{Error, Wish, floors, status, stored};
use crate::database::statement;

/// So many faults of one bundle within the window are no oddity of a few events: a SKU whose
/// event is parked asks no more. Lower: one strange delivery takes a rule away from all others.
/// Higher: more SKUs are held before somebody acts.
const FAULTS_MAX: usize = 20;
/// The time in which they are counted.
const WINDOW: Duration = Duration::from_secs(60);
/// What stands in `activated_by`.
pub(super) const NAME: &str = "breaker";

/// A bundle that had its chances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trip {
    pub(super) bundle: Digest,
    /// How its last fault was.
    pub(super) kind: FaultKind,
}

/// Counts the faults of deciding rules.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    recent: HashMap<Digest, VecDeque<Instant>>,
    tripped: Vec<Trip>,
}

impl Breaker {
    /// Counts what one committed batch reports. Whether that was too much for a bundle.
    pub(super) fn count(&mut self, report: &Report, now: Instant) -> bool {
        let mut tripped = false;
        for fault in report.faults.iter().filter(|fault| fault.enforced) {
            tripped |= self.fault(fault, now);
        }
        tripped
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
        self.recent.remove(&trip.bundle);
        self.tripped.retain(|known| known.bundle != trip.bundle);
    }
}

/// Writes the ruleset that does without the bundle, if it still decides. The new revision.
pub(super) async fn roll_back(db: &DatabaseConnection, trip: Trip) -> Result<Option<i32>, Error> {
    let newest = stored::newest(db).await?;
    if newest == 0 {
        return Ok(None);
    }
    let present = stored::document(db, newest).await?;
    if !decides(&present, trip.bundle) {
        return Ok(None);
    }
    let (document, becomes) = match former(db, newest, trip.bundle).await? {
        Some(former) => (former, format!("back to revision {}", newest - 1)),
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

/// The ruleset before, if the bundle came with the present one. Not if the present one is the
/// breaker's own: two bad bundles would send each other back and forth.
async fn former(
    db: &DatabaseConnection,
    newest: i32,
    bundle: Digest,
) -> Result<Option<Document>, Error> {
    if newest == 1 || written_by_breaker(db, newest).await? {
        return Ok(None);
    }
    let former = stored::document(db, newest - 1).await?;
    Ok((!decides(&former, bundle)).then_some(former))
}

async fn written_by_breaker(db: &DatabaseConnection, revision: i32) -> Result<bool, Error> {
    let sql = "SELECT activated_by = $2 FROM plimsoll_internal.rulesets WHERE revision = $1";
    let row = db
        .query_one_raw(statement(sql, [revision.into(), NAME.into()]))
        .await?;
    Ok(row.map_or(Ok(false), |row| row.try_get_by_index(0))?)
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

    fn report(bundle: u8, enforced: bool) -> Report {
        Report {
            faults: vec![Faulted {
                question: 0,
                said: Said {
                    rule: 0,
                    code: Code::Fault,
                },
                rule: "r".into(),
                bundle: Digest([bundle; 32]),
                enforced,
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
        let tripped = (0..FAULTS_MAX * 3).filter(|_| breaker.count(&report(1, true), start));
        assert_eq!(tripped.count(), 1);
        let trip = Trip {
            bundle: Digest([1; 32]),
            kind: FaultKind::Fuel,
        };
        assert_eq!(breaker.tripped(), [trip]);
        breaker.reset(trip);
        assert!(!breaker.count(&report(1, true), start) && breaker.tripped().is_empty());
    }

    #[test]
    fn few_at_a_time_shadows_and_many_bundles_do_not_trip_it() {
        let (mut breaker, start) = (Breaker::default(), Instant::now());
        let pace = WINDOW / u32::try_from(FAULTS_MAX - 2).expect("few");
        for n in 0..100 {
            assert!(!breaker.count(&report(1, true), start + pace * n));
            assert!(!breaker.count(&report(2, false), start));
        }
        for bundle in 10..200 {
            assert!(!breaker.count(&report(bundle, true), start));
        }
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
