//! Who holds which SKU inside a process. First come, first served; ascending, so that no circle of
//! waiters can form.

use std::collections::VecDeque;

use crate::outside::Outside;
use crate::plan::Bug;
use crate::world::{Event, Who};

/// What `crates/core` calls a SKU, here its number.
pub(crate) type Sku = usize;

/// The lock table of one process: owner and waiters of each SKU, by the numbers of lanes.
#[derive(Default)]
pub(crate) struct Locks(Vec<(Option<usize>, VecDeque<usize>)>);

impl Locks {
    pub(crate) fn new(skus: usize) -> Locks {
        Locks((0..skus).map(|_| Default::default()).collect())
    }

    /// Which SKU a lane takes after so many.
    pub(crate) fn next(&self, skus: &[usize], taken: usize, lane: usize, out: &Outside) -> usize {
        let descending = out.has_bug(Bug::SkusLockedOutOfOrder) && lane == 1;
        match descending {
            true => skus[skus.len() - 1 - taken],
            false => skus[taken],
        }
    }

    /// Takes a SKU, or queues for it.
    pub(crate) fn take(&mut self, sku: usize, lane: usize) -> bool {
        let (owner, waiters) = &mut self.0[sku];
        if owner.is_some() {
            waiters.push_back(lane);
            return false;
        }
        *owner = Some(lane);
        true
    }

    /// Hands over all that a lane holds.
    pub(crate) fn give_back(&mut self, lane: usize, who: Who, out: &mut Outside) {
        for (owner, waiters) in self.0.iter_mut().filter(|(owner, _)| *owner == Some(lane)) {
            *owner = waiters.pop_front();
            if let Some(next) = *owner {
                out.later(0, 2, Event::HandedOver(who, next));
            }
        }
    }
}
