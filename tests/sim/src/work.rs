//! What one transaction decides and writes: the records, what is known of their SKUs, and the fold by
//! the real code of the domain. The statements are in `write`.

use std::rc::Rc;

use plimsoll_domain::fold::Answered;
use plimsoll_domain::{
    Event, EventKey, Folded, Outcome, Question, Slot, combine, fold, fold_asking,
};

use crate::outside::Outside;
use crate::rows::Place;
use crate::rules::{Ruleset, verdicts};
use crate::store::{Known, List};
use crate::traffic::Wish;

/// One record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) place: Place,
    /// Its number within the partition's records of its batch.
    pub(crate) ordinal: usize,
    /// Its event, and the slot of its SKU.
    pub(crate) event: Option<(Wish, u32)>,
}

pub(crate) struct Work {
    /// Ascending; a slot counts in here.
    pub(crate) skus: Rc<[usize]>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) known: Vec<Known>,
    pub(crate) parts: Rc<List>,
    pub(crate) ruleset: Ruleset,
    pub(crate) folded: Folded,
    /// These were parked before.
    pub(crate) released: bool,
    /// Commits when it was sure that SKUs without a product have none.
    pub(crate) without_product: Option<usize>,
}

impl Work {
    pub(crate) fn new(
        skus: Rc<[usize]>,
        entries: Vec<Entry>,
        parts: Rc<List>,
        ruleset: Ruleset,
    ) -> Work {
        Work {
            skus,
            entries,
            known: Vec::new(),
            parts,
            ruleset,
            folded: Folded::default(),
            released: false,
            without_product: None,
        }
    }

    /// The events, in order, with their slots.
    pub(crate) fn events(&self) -> impl Iterator<Item = (Wish, u32)> {
        self.entries.iter().filter_map(|entry| entry.event)
    }

    /// Each identity with its slot, its SKU and what is known of it.
    pub(crate) fn identities(&self) -> impl Iterator<Item = (u32, EventKey, usize, Known)> {
        self.events()
            .filter_map(|(wish, slot)| Some((slot, wish.key?, wish.sku, self.known[slot as usize])))
    }

    /// Each event with what became of it.
    pub(crate) fn outcomes(&self) -> impl Iterator<Item = (Wish, u32, Outcome)> {
        let outcomes = self.folded.outcomes.iter();
        self.events()
            .zip(outcomes)
            .map(|((wish, slot), &outcome)| (wish, slot, outcome))
    }

    pub(crate) fn fold(&mut self, out: &Outside, slots: &[Slot], answered: &Answered) {
        self.folded = judge(out, self.ruleset, self.events(), slots, answered);
    }

    pub(crate) fn slots(&self) -> Vec<Slot> {
        self.known.iter().map(|known| known.slot).collect()
    }
}

/// Folds events by the real code.
pub(crate) fn judge(
    out: &Outside,
    ruleset: Ruleset,
    wishes: impl Iterator<Item = (Wish, u32)>,
    slots: &[Slot],
    answered: &Answered,
) -> Folded {
    let wishes: Vec<(Wish, u32)> = wishes.collect();
    let event = |&(wish, slot): &(Wish, u32)| Event {
        slot,
        kind: wish.kind,
        key: wish.key,
        nature: wish.nature,
        expected_version: wish.expected_version,
    };
    let events: Vec<Event> = wishes.iter().map(event).collect();
    if ruleset.is_silent() {
        return fold(&events, slots, answered, &out.policy);
    }
    let alike: Vec<u32> = wishes
        .iter()
        .map(|(wish, _)| u32::from(wish.key.is_some()))
        .collect();
    let answer = |question: &Question| {
        let wish = &wishes[question.event as usize].0;
        let change = match wish.kind {
            plimsoll_domain::Kind::Adjust(change) => change,
            plimsoll_domain::Kind::Count(units) => units - question.seen.stock,
        };
        combine(
            wish.nature,
            change,
            &verdicts(ruleset.digest, wish, question.seen),
        )
    };
    let ask = |questions: &[Question]| {
        Ok::<_, std::convert::Infallible>(questions.iter().map(answer).collect())
    };
    match fold_asking(&events, slots, answered, &out.policy, &alike, ask) {
        Ok(folded) => folded,
        Err(never) => match never {},
    }
}
