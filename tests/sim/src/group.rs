//! The consumer group: which process each partition is given to. It asks a member that it hears of to
//! let go first, and waits for that only so long; of one that it does not hear of it takes at once.

use crate::broker::at;
use crate::poller::{LET_GO_MS_MAX, Said};
use crate::world::{Event, Who, World};

/// A member hears of it after this, always as long, so that it hears in order.
const TOLD_MS: i64 = 15;

impl World {
    fn alive(&self) -> Vec<Who> {
        let awake = |it: &&crate::process::Process| it.paused_until <= self.out.now + 4_000;
        let processes = self.processes.iter().flatten().filter(awake);
        processes.map(|process| process.who).collect()
    }

    /// Partitions of nobody, and of those who are gone, are given to somebody.
    pub(crate) fn rebalance(&mut self) {
        if self.out.calm {
            self.out.later(1_000, 1_000, Event::Rebalance);
        }
        let alive = self.alive();
        for partition in 0..self.out.broker.partitions() {
            let owner = self.out.broker.owners[at(partition)];
            let cared_for = owner.is_some_and(|it| alive.contains(&it));
            if !alive.is_empty() && !cared_for {
                let to = self.out.chance.pick(&alive);
                self.give(partition, to);
            }
        }
    }

    /// The group deals partitions anew.
    pub(crate) fn shuffle(&mut self) {
        let alive = self.alive();
        for partition in 0..self.out.broker.partitions() {
            if !alive.is_empty() && self.out.chance.percent(50) {
                let to = self.out.chance.pick(&alive);
                self.give(partition, to);
            }
        }
    }

    fn give(&mut self, partition: i32, to: Who) {
        let place = at(partition);
        let owner = self.out.broker.owners[place];
        if owner == Some(to) {
            return;
        }
        self.turns += 1;
        let turn = self.turns;
        self.out
            .say(|| format!("the group gives partition {partition} to {to}"));
        self.out.broker.moving[place] = Some((to, turn));
        let said = Said::Revoked { partition, turn };
        let waits = owner.is_some_and(|it| self.alive().contains(&it));
        if let Some(owner) = owner {
            self.say(owner, said);
        }
        let limit = if waits { LET_GO_MS_MAX } else { 0 };
        self.out
            .later(limit, limit + 10, Event::HandOver(partition, turn));
    }

    pub(crate) fn hand_over(&mut self, partition: i32, turn: u32) {
        let place = at(partition);
        let Some((to, _)) = self.out.broker.moving[place].filter(|&(_, it)| it == turn) else {
            return;
        };
        self.out.broker.moving[place] = None;
        self.out.broker.owners[place] = Some(to);
        self.say(to, Said::Assigned { partition });
        if !self.out.broker.is_changing() {
            let members: Vec<Who> = self.processes.iter().flatten().map(|it| it.who).collect();
            for member in members {
                self.say(member, Said::Settled);
            }
        }
    }

    fn say(&mut self, to: Who, said: Said) {
        let event = Event::GroupSays(to, said);
        self.out.later(TOLD_MS, TOLD_MS, event);
    }
}
