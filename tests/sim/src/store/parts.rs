//! The ledger's parts as a process knows them: which is open, and for each that is not, a filter of its
//! identities.

use std::rc::Rc;

use plimsoll_domain::EventKey;

use crate::outside::Outside;
use crate::real::filter::Filter;

/// One line of bits, good for 42; a run has at most 47.
const IDENTITIES: usize = 40;

/// A closed part as it is known.
#[derive(Clone)]
struct Closed {
    number: usize,
    /// A number alone may be used again after the database went back.
    id: u64,
    filter: Option<Rc<Filter>>,
}

/// The parts as last read.
pub(crate) struct List {
    pub(crate) open: usize,
    pub(crate) lowest: usize,
    written: Filter,
    closed: Vec<Closed>,
}

impl List {
    pub(crate) fn read(out: &Outside, before: Option<&List>) -> List {
        let parts = &out.db.tables.parts;
        let open = parts.len() - 1;
        let reach = out.now - out.window;
        let in_reach = parts.iter().enumerate().filter_map(|(number, part)| {
            let (at, id) = part.closed?;
            (at > reach).then_some((number, id))
        });
        let known = |number, id| {
            let mut known = before.into_iter().flat_map(|list| &list.closed);
            known.find(|it| (it.number, it.id) == (number, id))
        };
        let closed = in_reach.map(|(number, id)| Closed {
            number,
            id,
            filter: known(number, id).and_then(|it| it.filter.clone()),
        });
        let closed: Vec<Closed> = closed.collect();
        List {
            open,
            lowest: closed.first().map_or(open, |part| part.number),
            written: match before {
                Some(list) if list.open == open => list.written.share(),
                _ => Filter::for_up_to(IDENTITIES),
            },
            closed,
        }
    }

    /// Whether a glance at the numbers shows no difference.
    pub(super) fn looks_like(&self, other: &List) -> bool {
        self.open == other.open && self.closed.len() == other.closed.len()
    }

    /// The same with the filter of the newest closed part that has none.
    pub(super) fn with_filter(&self, out: &Outside) -> Option<List> {
        let mut list = List {
            written: self.written.share(),
            closed: self.closed.clone(),
            ..*self
        };
        let closed = list.closed.iter_mut().rev();
        let part = closed.into_iter().find(|it| it.filter.is_none())?;
        let lines = out.db.tables.lines.iter();
        let lines = lines.filter(|line| line.part == part.number);
        let filter = Filter::for_up_to(IDENTITIES);
        for (sku, key) in lines.filter_map(|line| Some((line.sku, line.key?))) {
            filter.insert(id(sku), key);
        }
        part.filter = Some(Rc::new(filter));
        Some(list)
    }

    /// Whether the ledger may hold the identity already. Every thirteenth answer is a false alarm.
    pub(crate) fn may_have(&self, sku: usize, key: EventKey) -> bool {
        let closed = |part: &Closed| {
            part.filter
                .as_ref()
                .is_none_or(|it| it.may_have(id(sku), key))
        };
        key.0.is_multiple_of(13)
            || self.written.may_have(id(sku), key)
            || self.closed.iter().any(closed)
    }

    pub(crate) fn written(&self, sku: usize, key: EventKey) {
        self.written.insert(id(sku), key);
    }
}

/// The key of its product's row.
pub(super) fn id(sku: usize) -> i64 {
    i64::try_from(sku).expect("a few SKUs")
}
