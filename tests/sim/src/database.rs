//! The database: transactions with row locks under READ COMMITTED, a log of commits that a crash or a
//! fail-over cuts, and connections that end with it. Knows nothing of what is written, and of
//! time only what it is told.

use std::collections::BTreeMap;

use crate::journal::Operation;
use crate::rows::{Change, Position, Product, Tables, Unknown};
use crate::world::Event;

/// What is locked. The order is that in which everybody locks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Position(i32),
    Unknown(usize),
    Product(usize),
    /// Held by whoever inserts into a part, all at once; waited for by who closes it.
    Part(usize),
}

/// Number of a transaction.
pub(crate) type TxId = u64;

/// One connection, as its client has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    server: u32,
}

/// A running transaction.
struct Tx {
    id: TxId,
    began: i64,
    changes: Vec<Change>,
    locks: Vec<Key>,
    waits_for: Option<TxId>,
    /// Nobody goes on with it.
    abandoned: bool,
    operation: Option<Operation>,
}

/// What was committed at once.
pub(crate) struct Commit {
    /// When its transaction began.
    pub(crate) began: i64,
    pub(crate) at: i64,
    pub(crate) changes: Vec<Change>,
    pub(crate) operation: Option<Operation>,
}

/// Why a lock is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Another transaction has it; the waiter is woken when that ends.
    Waits,
    /// It would wait for itself.
    Deadlock,
}

pub(crate) struct Database {
    pub(crate) tables: Tables,
    first: Tables,
    pub(crate) log: Vec<Commit>,
    txs: Vec<Tx>,
    waiting: Vec<(Key, Event)>,
    /// Who can go on.
    pub(crate) woken: Vec<Event>,
    server: u32,
    /// The furthest that each position ever was, also in commits that are lost.
    pub(crate) furthest: BTreeMap<i32, i64>,
    next_tx: TxId,
    next_number: u64,
    /// Nobody can connect before.
    pub(crate) down_until: i64,
}

impl Database {
    pub(crate) fn new(first: Tables) -> Database {
        Database {
            tables: first.clone(),
            first,
            log: Vec::new(),
            txs: Vec::new(),
            waiting: Vec::new(),
            woken: Vec::new(),
            server: 0,
            furthest: BTreeMap::new(),
            next_tx: 0,
            next_number: 0,
            down_until: 0,
        }
    }

    /// The rows before the first commit.
    pub(crate) fn first(&self) -> &Tables {
        &self.first
    }

    pub(crate) fn connect(&self, now: i64) -> Option<Session> {
        (now >= self.down_until).then_some(Session {
            server: self.server,
        })
    }

    pub(crate) fn is_alive(&self, session: Session) -> bool {
        session.server == self.server
    }

    pub(crate) fn begin(&mut self, now: i64) -> TxId {
        self.next_tx += 1;
        self.txs.push(Tx {
            id: self.next_tx,
            began: now,
            changes: Vec::new(),
            locks: Vec::new(),
            waits_for: None,
            abandoned: false,
            operation: None,
        });
        self.next_tx
    }

    pub(crate) fn is_running(&self, tx: TxId) -> bool {
        self.txs.iter().any(|it| it.id == tx)
    }

    /// Whether nobody is at work.
    pub(crate) fn is_quiet(&self) -> bool {
        self.txs.is_empty()
    }

    /// When it began, by `now()`.
    pub(crate) fn began(&self, tx: TxId) -> i64 {
        self.of(tx).map_or(0, |tx| tx.began)
    }

    /// Notes that its client is gone. Answers whether that is news.
    pub(crate) fn lose_client(&mut self, tx: TxId) -> bool {
        let mut txs = self.txs.iter_mut();
        let lost = txs.find(|it| it.id == tx && !it.abandoned);
        let lost = lost.map(|tx| (tx.abandoned, tx.waits_for) = (true, None));
        lost.is_some()
    }

    fn of(&self, tx: TxId) -> Option<&Tx> {
        self.txs.iter().find(|it| it.id == tx)
    }

    fn of_mut(&mut self, tx: TxId) -> &mut Tx {
        let mut txs = self.txs.iter_mut();
        txs.find(|it| it.id == tx).expect("a running transaction")
    }

    /// Whom somebody else would wait for.
    fn owner(&self, key: Key, besides: Option<TxId>) -> Option<TxId> {
        let mut txs = self.txs.iter();
        let owner = txs.find(|tx| Some(tx.id) != besides && tx.locks.contains(&key));
        owner.map(|tx| tx.id)
    }

    /// Locks a row until the transaction ends, or has `waiter` woken when that may be tried again.
    /// Answers whether it was not ours before.
    pub(crate) fn lock(&mut self, tx: TxId, key: Key, waiter: Event) -> Result<bool, Taken> {
        let Some(owner) = self.owner(key, Some(tx)) else {
            let tx = self.of_mut(tx);
            tx.waits_for = None;
            let new = !tx.locks.contains(&key);
            if new {
                tx.locks.push(key);
            }
            return Ok(new);
        };
        let mut next = Some(owner);
        while let Some(waits) = next {
            if waits == tx {
                return Err(Taken::Deadlock);
            }
            next = self.of(waits).and_then(|it| it.waits_for);
        }
        self.of_mut(tx).waits_for = Some(owner);
        self.waiting.push((key, waiter));
        Err(Taken::Waits)
    }

    /// Notes that rows are inserted into a part.
    pub(crate) fn share(&mut self, tx: TxId, part: usize) {
        let locks = &mut self.of_mut(tx).locks;
        if !locks.contains(&Key::Part(part)) {
            locks.push(Key::Part(part));
        }
    }

    /// Whether a statement of its own may write a row; if not, `waiter` is woken.
    pub(crate) fn is_free(&mut self, key: Key, waiter: Event) -> bool {
        let free = self.owner(key, None).is_none();
        if !free {
            self.waiting.push((key, waiter));
        }
        free
    }

    pub(crate) fn is_locked(&self, key: Key) -> bool {
        self.owner(key, None).is_some()
    }

    pub(crate) fn write(&mut self, tx: TxId, change: Change) {
        self.of_mut(tx).changes.push(change);
    }

    /// Notes what the transaction does, for the oracle.
    pub(crate) fn note(&mut self, tx: TxId, operation: Operation) {
        self.of_mut(tx).operation = Some(operation);
    }

    /// What a transaction wrote that is not committed; nothing outside of one.
    fn own(&self, tx: Option<TxId>) -> impl Iterator<Item = &Change> {
        let own = tx.and_then(|tx| self.of(tx));
        own.into_iter().flat_map(|tx| tx.changes.iter().rev())
    }

    pub(crate) fn product(&self, tx: Option<TxId>, sku: usize) -> Option<Product> {
        let mut own = self.own(tx).filter_map(|change| match *change {
            Change::Product(it, product) if it == sku => Some(product),
            _ => None,
        });
        own.next().or(self.tables.products[sku])
    }

    pub(crate) fn unknown(&self, tx: Option<TxId>, sku: usize) -> Option<Unknown> {
        let mut own = self.own(tx).filter_map(|change| match *change {
            Change::Unknown(it, unknown) if it == sku => Some(unknown),
            _ => None,
        });
        own.next().unwrap_or(self.tables.unknown[sku])
    }

    pub(crate) fn position(&self, tx: TxId, partition: i32) -> Option<Position> {
        let mut own = self.own(Some(tx)).filter_map(|change| match *change {
            Change::Position(it, position) if it == partition => Some(position),
            _ => None,
        });
        own.next().or(self.tables.position(partition))
    }

    /// The next number of a parked event. It never goes back.
    pub(crate) fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// What a transaction would commit.
    pub(crate) fn written(&self, tx: TxId) -> (&[Change], Option<&Operation>) {
        self.of(tx)
            .map_or((&[], None), |it| (&it.changes, it.operation.as_ref()))
    }

    pub(crate) fn commit(&mut self, tx: TxId, now: i64) {
        if let Some(ended) = self.end(tx) {
            self.keep(Commit {
                began: ended.began,
                at: now,
                changes: ended.changes,
                operation: ended.operation,
            });
        }
    }

    pub(crate) fn keep(&mut self, commit: Commit) {
        for change in &commit.changes {
            if let &Change::Position(partition, Position { next_offset, .. }) = change {
                let furthest = self.furthest.entry(partition).or_default();
                *furthest = next_offset.max(*furthest);
            }
            self.tables.apply(change);
        }
        self.log.push(commit);
    }

    pub(crate) fn rollback(&mut self, tx: TxId) {
        self.end(tx);
    }

    fn end(&mut self, tx: TxId) -> Option<Tx> {
        let place = self.txs.iter().position(|it| it.id == tx)?;
        let ended = self.txs.swap_remove(place);
        let freed = |(key, _): &mut (Key, Event)| ended.locks.contains(key);
        self.woken
            .extend(self.waiting.extract_if(.., freed).map(|(_, waiter)| waiter));
        Some(ended)
    }

    /// Every connection and transaction ends, and the last `lost` commits never were.
    pub(crate) fn go_back(&mut self, lost: usize) {
        self.server += 1;
        self.txs.clear();
        let waiting = self.waiting.drain(..);
        self.woken.extend(waiting.map(|(_, waiter)| waiter));
        if lost > 0 {
            self.log.truncate(self.log.len() - lost);
            self.tables = self.first.clone();
            for change in self.log.iter().flat_map(|commit| &commit.changes) {
                self.tables.apply(change);
            }
        }
    }
}
