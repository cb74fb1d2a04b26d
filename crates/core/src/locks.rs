//! Who holds which SKU inside this process. Knows nothing of rows, batches or the database.
//!
//! One mutex guards the whole table and is held for map operations only, never across an
//! await. A SKU in the table is owned; whoever wants it too queues behind the owner and gets
//! it handed over, first come first served. Everybody takes SKUs in ascending order, so a
//! circle of waiters cannot form.

use std::collections::VecDeque;
use std::sync::Arc;

use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

/// The public name of a product.
pub type Sku = Arc<str>;

/// The lock table of one process.
#[derive(Default)]
pub struct SkuLocks {
    waiters: Mutex<FxHashMap<Sku, VecDeque<oneshot::Sender<()>>>>,
}

/// SKUs that are ours until this is dropped.
pub struct Held {
    locks: Arc<SkuLocks>,
    skus: Arc<[Sku]>,
    /// How many of `skus`, from the front, are ours.
    taken: usize,
    /// The hand-over we wait for: of the SKU after those.
    waiting: Option<oneshot::Receiver<()>>,
}

impl SkuLocks {
    /// Takes all `skus`, waiting for their owners. Dropping the future gives back what it had.
    ///
    /// # Panics
    /// If `skus` is not strictly ascending: any other order could deadlock.
    pub async fn take(self: &Arc<Self>, skus: Arc<[Sku]>) -> Held {
        assert!(
            skus.is_sorted_by(|a, b| a < b),
            "SKU locks are taken in ascending order"
        );
        let mut held = Held {
            locks: Arc::clone(self),
            skus,
            taken: 0,
            waiting: None,
        };
        while let Some(handed_over) = held.take_free() {
            handed_over
                .await
                .expect("an owner hands over before it goes");
            held.waiting = None;
            held.taken += 1;
        }
        held
    }
}

impl Held {
    /// Takes SKUs up to the first that somebody owns, and queues there.
    fn take_free(&mut self) -> Option<&mut oneshot::Receiver<()>> {
        let mut table = self.locks.waiters.lock();
        while let Some(sku) = self.skus.get(self.taken) {
            if let Some(queue) = table.get_mut(sku) {
                let (hand_over, handed_over) = oneshot::channel();
                queue.push_back(hand_over);
                return Some(self.waiting.insert(handed_over));
            }
            table.insert(Arc::clone(sku), VecDeque::new());
            self.taken += 1;
        }
        None
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(mut waiting) = self.waiting.take() {
            // Closing first: a hand-over has either arrived by now or will go to the next.
            waiting.close();
            self.taken += usize::from(waiting.try_recv().is_ok());
        }
        let mut table = self.locks.waiters.lock();
        for sku in &self.skus[..self.taken] {
            let queue = table.get_mut(sku).expect("an owned SKU is in the table");
            let next =
                std::iter::from_fn(|| queue.pop_front()).find_map(|waiter| waiter.send(()).ok());
            if next.is_none() {
                table.remove(sku);
            }
        }
    }
}

#[cfg(test)]
mod tests;
