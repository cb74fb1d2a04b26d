//! The fold: one batch of events over what is known of their SKUs, in order, each event
//! seeing the balance the one before it left. Knows nothing of how its knowledge was got:
//! the transaction checks every bit of it again.

mod after;
mod guess;
mod rounds;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

pub use after::{After, Line};
pub use rounds::fold_asking;

use after::{Met, judge};

use crate::verdict::{Decision, Said};
use crate::{Event, EventKey, Kind, Limits, Outcome, Refusal, Seen, Slot};

/// What the database answered about identities: the first event of a slot that had the key.
pub type Answered = HashMap<(u32, EventKey), Kind>;

/// What becomes of an event whose SKU has no product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnUnknownSku {
    /// It waits for the product.
    Park,
    /// It is refused.
    Reject,
    /// The product is created, empty.
    Create,
}

/// How this service decides, for every SKU alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What becomes of an event whose SKU has no product.
    pub unknown_sku: OnUnknownSku,
    /// Floor of the products that Plimsoll creates, in units.
    pub floor_default: i64,
    /// What the columns can hold.
    pub limits: Limits,
}

/// What the rules are asked about an event: the product it would meet, after the events before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which event, by its place among those given.
    pub event: u32,
    /// The product as the event meets it.
    pub seen: Seen,
}

/// A folded batch.
#[derive(Debug, Default)]
pub struct Folded {
    /// One for each event, in the order given.
    pub outcomes: Vec<Outcome>,
    /// One for each slot.
    pub slots: Vec<After>,
    /// What rules mark on events, ascending by event, and in order of priority.
    pub flags: Vec<(u32, Said)>,
    /// Which questions' answers decided, by their number over all rounds, from 0.
    pub used: Vec<u32>,
}

/// Folds `events`, each naming one of `slots`, in order, by the floor alone.
///
/// `answered` holds the identities already decided before this batch; identities inside the
/// batch are found here.
///
/// # Panics
/// If an event names a slot that is not there.
pub fn fold(events: &[Event], slots: &[Slot], answered: &Answered, policy: &Policy) -> Folded {
    let mut repeats = Repeats::new(events, answered);
    let mut slots: Vec<After> = slots.iter().map(|&slot| After::of(slot)).collect();
    let outcome = |event: &Event| {
        let after = &mut slots[event.slot as usize];
        let outcome = match after.meet(event, repeats.of(event), policy) {
            Met::Outcome(outcome) => outcome,
            Met::Product(stock) => judge(event, stock, policy.limits, Decision::Accept),
        };
        after.record(outcome);
        outcome
    };
    let outcomes = events.iter().map(outcome).collect();
    Folded {
        outcomes,
        slots,
        ..Folded::default()
    }
}

/// Which events repeat an earlier one.
struct Repeats<'a> {
    answered: &'a Answered,
    first: HashMap<(u32, EventKey), Kind>,
}

impl<'a> Repeats<'a> {
    fn new(events: &[Event], answered: &'a Answered) -> Repeats<'a> {
        Repeats {
            answered,
            first: HashMap::with_capacity(events.len()),
        }
    }

    /// What the next event is, if it is a repeat. Whatever becomes of the first of its identity
    /// answers for it, so this can be told before anything is decided.
    fn of(&mut self, event: &Event) -> Option<Refusal> {
        let id = (event.slot, event.key?);
        let Some(first) = self.answered.get(&id).or_else(|| self.first.get(&id)) else {
            self.first.insert(id, event.kind);
            return None;
        };
        Some(if *first == event.kind {
            Refusal::Duplicate
        } else {
            Refusal::EventIdConflict
        })
    }
}
