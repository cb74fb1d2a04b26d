//! What scenarios need of the real code, so that they can run on it and on copies with a bug in
//! them: one trait for each file. `adapters.rs` implements them.

use std::sync::Arc;
use std::time::Duration;

use crate::locks::Sku;

/// A record, as scenarios see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where it was read.
    pub partition: i32,
    /// Under which assignment.
    pub generation: u32,
    /// Its number in the partition.
    pub offset: i64,
}

/// An order, as scenarios see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    /// The partition is the lane's, from `next_offset` on.
    Own {
        /// Which.
        partition: i32,
        /// Under which assignment.
        generation: u32,
        /// Where it goes on.
        next_offset: i64,
    },
    /// It is not any more.
    LetGo {
        /// Which.
        partition: i32,
        /// Under which assignment.
        generation: u32,
    },
    /// End.
    End,
}

/// `crates/core/src/locks.rs`.
pub trait Table: Clone + Default + Send + Sync + 'static {
    /// Some of its SKUs.
    type Held: Send + 'static;
    /// Takes SKUs.
    fn take(&self, skus: Arc<[Sku]>) -> impl Future<Output = Self::Held> + Send + 'static;
}

/// `crates/core/src/inbox.rs`.
pub trait Queue: Send + Sync + 'static {
    /// An empty one.
    fn new(records_max: usize) -> Self;
    /// Appends records, as one fetch.
    fn push(&self, events: &[Event]);
    /// Gives an order.
    fn order(&self, told: Told);
    /// Whether the poller has to wait.
    fn is_full(&self) -> bool;
    /// Waits for space.
    fn wait_for_space(&self, limit: Duration);
    /// The next order.
    fn next_order(&self) -> Option<Told>;
    /// The next batch.
    fn take(&self) -> Option<Vec<Event>>;
    /// Something arrived.
    fn arrived(&self) -> impl Future<Output = ()> + Send;
}

/// `crates/core/src/knowledge.rs`. A row is known by its counter of decisions.
pub trait Known: Default + Send + Sync + 'static {
    /// The present epoch.
    fn epoch(&self) -> u64;
    /// Starts another.
    fn start_epoch(&self);
    /// What is known of a SKU, and since which epoch.
    fn of(&self, sku: &Sku) -> (u64, Option<i64>);
    /// Keeps a row.
    fn keep(&self, epoch: u64, sku: &Sku, decisions: i64);
    /// Forgets a row.
    fn forget(&self, sku: &Sku);
}

/// `crates/core/src/filter.rs`. All identities are of one product.
pub trait Set: Send + 'static {
    /// An empty one, as small as it can be.
    fn new() -> Self;
    /// The same.
    fn share(&self) -> Self;
    /// Adds an identity.
    fn insert(&self, key: u128);
    /// Whether it may have been added.
    fn may_have(&self, key: u128) -> bool;
}
