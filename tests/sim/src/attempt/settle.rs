//! The end of an attempt: COMMIT, and how it is found out what became of one whose answer was lost.

use plimsoll_domain::lane::{Answer, answer_of_positions};

use super::{Attempt, Go, Step};
use crate::database::Key;
use crate::journal::Operation;
use crate::lookup;
use crate::outside::{Fault, Outside};
use crate::plan::{Bug, Feature};
use crate::seen::Sight;
use crate::store::Store;
use crate::world::Event;
use crate::write::Within;

impl Attempt {
    pub(super) fn commit(&mut self, within: Within, store: &mut Store, out: &mut Outside) -> Go {
        let alive = out.db.is_alive(within.session) && out.db.is_running(within.tx);
        let lost = out.strikes(Feature::LostAnswers, 8);
        let failed = out.strikes(Feature::Failures, 3);
        if alive {
            let records = self.work.entries.iter().map(|entry| entry.place).collect();
            let operation = Operation::Batch {
                records,
                moved: self.moved.clone(),
                ruleset: self.work.ruleset,
                looked: self.looked,
                without_product: self.work.without_product.unwrap_or(usize::MAX),
            };
            out.db.note(within.tx, operation);
        }
        if alive && !lost && !failed {
            out.commit(within.tx);
            self.tx = None;
            lookup::learn(store, &self.work, self.epoch);
            return Go::Done(Answer::Committed);
        }
        if alive && failed {
            out.db.rollback(within.tx);
        } else if alive {
            let done = out.chance.percent(50);
            out.note(if done {
                Sight::LostAnswerDone
            } else {
                Sight::LostAnswerNotDone
            });
            // The old backend may still be at it for a while.
            out.later(0, 2_000, Event::EndTx(within.tx, done));
        }
        out.say(|| "      the answer of COMMIT is lost".to_owned());
        self.tx = None;
        self.session = None;
        store.start_epoch();
        if out.has_bug(Bug::LostAnswerTakenAsNotCommitted) {
            return Go::Done(Answer::Transient);
        }
        Go::On(Step::Reconnect)
    }

    /// A new connection asks, behind the locks of the old one.
    pub(super) fn reconnect(&mut self, store: &mut Store, out: &mut Outside) -> Result<Go, Fault> {
        self.session = Some(out.connect()?);
        store.reconnected(out);
        self.tx = Some(out.db.begin(out.now));
        Ok(Go::On(Step::Settle))
    }

    pub(super) fn settle(&mut self, within: Within, out: &mut Outside) -> Result<Go, Fault> {
        out.statement(within.session, Some(within.tx))?;
        for sought in &self.sought {
            out.lock(within.tx, Key::Position(sought.partition), within.waiter)?;
        }
        if out.has_bug(Bug::LostAnswerTakenAsCommitted) {
            return Ok(Go::Done(Answer::Committed));
        }
        let rows: Vec<_> = self.stored(out).into_iter().map(|(_, row)| row).collect();
        let answer = answer_of_positions(&self.sought, &rows, true);
        out.say(|| format!("      the positions tell: {answer:?}"));
        Ok(Go::Done(answer))
    }
}
