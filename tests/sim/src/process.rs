//! One process of the service: its lanes, its housekeeping. Each part is woken by
//! events of its own, so that parts of one process run beside each other, too.

use std::rc::Rc;

use crate::broker::at;
use crate::coordinator::{Coordinator, Stage};
use crate::database::TxId;
use crate::lane::{Lane, Order, Progress, Shared};
use crate::locks::Locks;
use crate::outside::Outside;
use crate::plan::Feature;
use crate::poller::Poller;
use crate::release::{By, Release};
use crate::store::Store;
use crate::world::{Event, Who, Worker};

/// Housekeeping, and looking around, in milliseconds.
pub(crate) const KEEP_MS: i64 = 1_000;
pub(crate) const LOOK_MS: i64 = 3_000;
/// An open part is closed at the latest when it is this share of the id window old.
const PART_AGE_SHARE: i64 = 4;

pub(crate) struct Process {
    pub(crate) who: Who,
    pub(crate) store: Store,
    locks: Locks,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) coordinator: Coordinator,
    pub(crate) poller: Poller,
    pub(crate) progress: Progress,
    /// Nothing of it moves before.
    pub(crate) paused_until: i64,
    release: Option<Release>,
    /// It fetches no more.
    pub(crate) ending: bool,
}

impl Process {
    pub(crate) fn start(who: Who, lanes: usize, out: &mut Outside) -> Process {
        let progress = Progress::default();
        let process = Process {
            who,
            store: Store::new(out),
            locks: Locks::new(out.db.tables.products.len()),
            lanes: (0..lanes)
                .map(|number| Lane::new(who, number, Rc::clone(&progress)))
                .collect(),
            progress,
            coordinator: Coordinator::default(),
            poller: Poller::default(),
            paused_until: 0,
            release: None,
            ending: false,
        };
        out.say(|| format!("{who} starts"));
        for event in [
            Event::Poll(who),
            Event::Look(who),
            Event::Keep(who),
            Event::Follow(who),
        ] {
            out.later(0, 300, event);
        }
        for number in 0..lanes {
            out.later(0, 20, Event::Lane(who, number, 0));
        }
        process
    }

    /// Its running transactions.
    pub(crate) fn txs(&self) -> Vec<TxId> {
        let released = self.release.as_ref().and_then(Release::tx);
        self.lanes
            .iter()
            .filter_map(Lane::tx)
            .chain(released)
            .collect()
    }

    /// Whether the group still thinks that every partition it fetches is its own.
    pub(crate) fn is_up_to_date(&self, out: &Outside) -> bool {
        let mut places = self.coordinator.places.iter();
        places.all(|(&partition, place)| {
            !matches!(place.stage, Stage::Fetched(_))
                || out.broker.owners[at(partition)] == Some(self.who)
        })
    }

    /// Fetches no more, and tells the lanes to finish.
    pub(crate) fn stop(&mut self, out: &mut Outside) {
        self.ending = true;
        for (number, lane) in self.lanes.iter_mut().enumerate() {
            lane.orders.push_back(Order::End);
            out.later(0, 10, Event::Obey(self.who, number));
        }
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.lanes.iter().all(Lane::has_ended)
    }

    /// An appointment of a lane.
    pub(crate) fn lane(&mut self, number: usize, appointment: u32, out: &mut Outside) {
        let wanted = self.store.wanted;
        let mut shared = Shared {
            store: &mut self.store,
            locks: &mut self.locks,
            out,
        };
        self.lanes[number].go(appointment, &mut shared);
        if self.store.wanted > wanted {
            // A later ruleset decides already: it is looked for at once.
            out.later(0, 50, Event::Follow(self.who));
        }
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.lanes.iter().any(|lane| lane.tx().is_some())
    }

    /// One round of housekeeping.
    pub(crate) fn keep(&mut self, out: &mut Outside) {
        out.later(KEEP_MS, KEEP_MS + 50, Event::Keep(self.who));
        if self.release.is_some() || out.connect().is_err() {
            return;
        }
        self.store.refresh_parts(out);
        let old = self.part_is_old(out);
        if old || out.strikes(Feature::Parts, 40) {
            let open = self.store.parts.open;
            // If somebody is inserting, the next round will do.
            let waiter = Event::Nothing;
            if out.turn(open, waiter) {
                self.store.refresh_parts(out);
            }
        }
        if out.chance.percent(70) {
            self.store.build_filter(out);
        }
        self.release_what_came(out);
    }

    fn part_is_old(&self, out: &Outside) -> bool {
        let open = self.store.parts.open;
        let parts = &out.db.tables.parts;
        let before = open.checked_sub(1).and_then(|it| parts[it].closed);
        let opened = before.map_or(0, |(at, _)| at);
        let used = out.db.tables.lines.iter().any(|line| line.part == open);
        used && out.now - opened > out.window / PART_AGE_SHARE
    }

    /// Releases a SKU whose events wait for a product that is there by now.
    fn release_what_came(&mut self, out: &mut Outside) {
        let tables = &out.db.tables;
        let mut parked = tables.parked.iter();
        let came = parked.find(|it| {
            it.hold == plimsoll_domain::Hold::UnknownSku && tables.products[it.wish.sku].is_some()
        });
        if let Some(parked) = came {
            self.release = Some(Release::new(
                parked.wish.sku,
                By::Rules,
                Worker::Keeper(self.who),
            ));
            out.later(0, 20, Event::Release(Worker::Keeper(self.who)));
        }
    }

    /// One step of a release.
    pub(crate) fn release(&mut self, out: &mut Outside) {
        if let Some(release) = &mut self.release
            && release.go(&mut self.store, out)
        {
            self.release = None;
        }
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.lanes.iter().all(Lane::is_idle) && self.release.is_none()
    }
}
