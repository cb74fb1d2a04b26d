//! Letting parked events of one SKU go: replayed in order through the same decisions, or refused by a
//! person; by the housekeeping of a process or from the command line. Step by step, as the service
//! does it, and with its own bound for one transaction made small.

mod replay;

use plimsoll_domain::Stock;

use crate::attempt::{lock_products, lock_unknown};
use crate::database::{Key, Session, TxId};
use crate::journal::Operation;
use crate::outside::{Fault, Outside};
use crate::plan::Feature;
use crate::rows::{Change, Code, Parked, Product, Refused, Unknown};
use crate::store::{Known, Store};
use crate::work::Work;
use crate::world::{Event, Worker};
use crate::write::{Statement, Within, Written};

/// Events that one transaction replays at most.
pub(crate) const EVENTS_MAX: usize = 3;

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Rules,
    /// A person about the first one, if a rule parked it.
    Person,
    /// A person refuses all.
    Refusal,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Connect,
    LockUnknown,
    LockProducts,
    Read,
    Judge,
    Write(Statement),
    Refuse,
    Commit,
}

enum Go {
    On(Step),
    /// Nothing more can be done, or nothing is left.
    Over,
}

pub(crate) struct Release {
    sku: usize,
    by: By,
    worker: Worker,
    step: Step,
    session: Option<Session>,
    tx: Option<TxId>,
    known: Option<Known>,
    work: Option<Work>,
    /// Whether there is more to do after this transaction.
    more: bool,
}

impl Release {
    pub(crate) fn new(sku: usize, by: By, worker: Worker) -> Release {
        Release {
            sku,
            by,
            worker,
            step: Step::Connect,
            session: None,
            tx: None,
            known: None,
            work: None,
            more: false,
        }
    }

    pub(crate) fn tx(&self) -> Option<TxId> {
        self.tx
    }

    /// One step. Answers whether it is over.
    pub(crate) fn go(&mut self, store: &mut Store, out: &mut Outside) -> bool {
        match self.step(store, out) {
            Ok(Go::On(step)) => self.step = step,
            Ok(Go::Over) => {
                self.roll_back(out);
                return true;
            }
            Err(Fault::Blocked) => return false,
            Err(fault) => {
                self.roll_back(out);
                self.step = Step::Connect;
                match fault {
                    Fault::Duplicates => {
                        // An identity whose window is over: a new part forgets it.
                        if !out.turn(store.parts.open, Event::Nothing) {
                            return true;
                        }
                        store.refresh_parts(out);
                    }
                    Fault::Turned => store.refresh_parts(out),
                    Fault::Transient | Fault::Refused | Fault::Blocked => return true,
                }
            }
        }
        out.later(0, 15, Event::Release(self.worker));
        false
    }

    fn roll_back(&mut self, out: &mut Outside) {
        if let Some(tx) = self.tx.take() {
            out.abandon(tx, 200);
        }
    }

    fn within(&self) -> Option<Within> {
        Some(Within {
            tx: self.tx?,
            session: self.session?,
            waiter: Event::Release(self.worker),
        })
    }

    fn step(&mut self, store: &mut Store, out: &mut Outside) -> Result<Go, Fault> {
        let skus = [self.sku];
        let Some(within) = self.within() else {
            self.session = Some(out.connect()?);
            store.reconnected(out);
            self.tx = Some(out.db.begin(out.now));
            let refuses = self.by == By::Refusal;
            return Ok(Go::On(if refuses {
                Step::Refuse
            } else {
                Step::LockUnknown
            }));
        };
        if !matches!(self.step, Step::Write(_)) {
            out.statement(within.session, Some(within.tx))?;
        }
        match self.step {
            Step::Connect => unreachable!("connected above"),
            Step::LockUnknown => {
                lock_unknown(&skus, within, out).map(|()| Go::On(Step::LockProducts))
            }
            Step::LockProducts => lock_products(&skus, within, out).map(|()| Go::On(Step::Read)),
            Step::Read => {
                self.known = Some(self.read(store, out));
                Ok(Go::On(Step::Judge))
            }
            Step::Judge => self.judge(store, within, out),
            Step::Write(statement) => self.write(statement, within, out),
            Step::Refuse => self.refuse(within, out),
            Step::Commit => self.commit(within, out),
        }
    }

    fn parked(&self, out: &Outside) -> Vec<Parked> {
        let parked = out.db.tables.parked.iter();
        parked
            .filter(|it| it.wish.sku == self.sku)
            .copied()
            .collect()
    }

    fn write(
        &mut self,
        statement: Statement,
        within: Within,
        out: &mut Outside,
    ) -> Result<Go, Fault> {
        let Some(work) = &mut self.work else {
            return Ok(Go::Over);
        };
        match work.write(statement, within, out)? {
            Written::Next(statement) => Ok(Go::On(Step::Write(statement))),
            // It changed under its lock: only what is known may be old. The next round reads again.
            Written::Differs => Err(Fault::Transient),
            Written::All => Ok(Go::On(Step::Commit)),
        }
    }

    /// The rows first, in the order of locks: nobody parks another event behind our back.
    fn refuse(&mut self, within: Within, out: &mut Outside) -> Result<Go, Fault> {
        let sku = self.sku;
        if out.db.unknown(Some(within.tx), sku).is_some() {
            out.lock(within.tx, Key::Unknown(sku), within.waiter)?;
        }
        if out.db.product(Some(within.tx), sku).is_some() {
            out.lock(within.tx, Key::Product(sku), within.waiter)?;
        }
        if let Some(mut row) = out.db.unknown(Some(within.tx), sku) {
            row.sku.held = false;
            row.sku.decisions += 1;
            let row = Unknown {
                refused: true,
                ..row
            };
            out.db.write(within.tx, Change::Unknown(sku, Some(row)));
        }
        if let Some(row) = out.db.product(Some(within.tx), sku) {
            let row = Product {
                refused: true,
                ..unheld(row)
            };
            out.db.write(within.tx, Change::Product(sku, row));
        }
        for parked in self.parked(out) {
            let refused = Refused {
                record: parked.record,
                wish: Some(parked.wish),
                code: Code::ByOperator,
                seen: parked.seen,
                revision: parked.revision,
                at: out.db.began(within.tx),
                released: true,
            };
            out.db.write(within.tx, Change::Refused(refused));
            out.db.write(within.tx, Change::Left(parked.number));
        }
        out.db.note(within.tx, Operation::Reject { sku });
        self.more = false;
        Ok(Go::On(Step::Commit))
    }

    fn commit(&mut self, within: Within, out: &mut Outside) -> Result<Go, Fault> {
        if out.strikes(Feature::LostAnswers, 8) {
            let done = out.chance.percent(50);
            out.later(0, 2_000, Event::EndTx(within.tx, done));
            self.tx = None;
            return Err(Fault::Transient);
        }
        let (sku, by) = (self.sku, self.by);
        out.say(|| {
            format!(
                "{} released or refused events of SKU {sku} ({by:?})",
                self.worker
            )
        });
        out.commit(within.tx);
        self.by = By::Rules;
        self.tx = None;
        self.session = None;
        Ok(if self.more {
            Go::On(Step::Connect)
        } else {
            Go::Over
        })
    }
}

fn unheld(row: Product) -> Product {
    let stock = Stock {
        held: false,
        decisions: row.stock.decisions + 1,
        ..row.stock
    };
    Product { stock, ..row }
}
