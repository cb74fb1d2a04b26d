//! What happens outside of the processes: crashes, kills, pauses, people with SQL, people who operate.
//! Each kind only where the plan has it, and none once it is calm.

mod people;
mod sql;

use crate::plan::Feature;
use crate::process::Process;
use crate::rows::Change;
use crate::seen::Sight;
use crate::world::{Event, World};

use crate::release::By;

/// A transaction that stands still is ended by the server after this.
const IDLE_MS_MAX: i64 = 10_000;
/// The group gives up a member that is not heard of.
const SESSION_MS_MAX: i64 = 6_000;
/// What a crash of the server loses at most, if commits do not wait for the disk.
const UNFLUSHED_MS: i64 = 600;

const KINDS: [Feature; 16] = [
    Feature::Crashes,
    Feature::FailOvers,
    Feature::Kills,
    Feature::Pauses,
    Feature::Rebalances,
    Feature::Retention,
    Feature::MorePartitions,
    Feature::Recreation,
    Feature::PositionsMoved,
    Feature::Poison,
    Feature::ProductsCome,
    Feature::OutsideStock,
    Feature::Floors,
    Feature::Operators,
    Feature::Rulesets,
    Feature::Stops,
];

impl World {
    /// One thing happens, and soon another.
    pub(crate) fn chaos(&mut self) {
        if self.out.calm {
            return;
        }
        let plan = self.out.plan;
        let kinds: Vec<Feature> = KINDS.into_iter().filter(|&kind| plan.has(kind)).collect();
        if !kinds.is_empty() {
            let kind = self.out.chance.pick(&kinds);
            self.strike(kind);
        }
        self.out.later(50, 1_500, Event::Chaos);
    }

    fn strike(&mut self, kind: Feature) {
        match kind {
            Feature::Crashes => self.crash(),
            Feature::FailOvers => self.fail_over(),
            Feature::Kills => self.kill(),
            Feature::Pauses => self.pause(),
            Feature::Stops => self.stop(),
            Feature::Rebalances => self.shuffle(),
            Feature::Retention => self.out.delete_records(),
            Feature::MorePartitions => self.add_partition(),
            Feature::Recreation => self.recreate(),
            Feature::PositionsMoved => self.out.move_position(),
            Feature::Poison => self.out.poison_a_record(),
            Feature::ProductsCome => self.out.make_product(),
            Feature::OutsideStock => self.out.change_stock(),
            Feature::Floors => self.out.set_floor(),
            Feature::Operators => {
                let by = self.out.chance.pick(&[By::Person, By::Rules, By::Refusal]);
                self.send_operator(by);
            }
            Feature::Rulesets => {
                let digest = self.out.chance.any() % 1_000;
                self.activate(digest);
            }
            _ => {}
        }
    }

    fn crash(&mut self) {
        let since = self.out.now - UNFLUSHED_MS;
        let log = &self.out.db.log;
        let fresh = log
            .iter()
            .rev()
            .take_while(|commit| commit.at > since)
            .count();
        let lost = self.out.chance.below(fresh + 1);
        self.go_back(lost, Sight::CrashLostCommits, "crashes");
    }

    fn fail_over(&mut self) {
        let most = self.out.db.log.len().min(12);
        let lost = self.out.chance.below(most + 1);
        self.go_back(
            lost,
            Sight::FailOverLostCommits,
            "is replaced by a replica that lags",
        );
    }

    fn go_back(&mut self, lost: usize, sight: Sight, how: &str) {
        self.out
            .say(|| format!("the database {how}: {lost} commits never were"));
        if lost > 0 {
            self.out.note(sight);
        }
        self.out.db.go_back(lost);
        self.out.db.down_until = self.out.now + self.out.chance.between(0, 1_500);
    }

    fn kill(&mut self) {
        let number = self.out.chance.below(self.processes.len());
        let Some(process) = self.processes[number].take() else {
            return;
        };
        self.out.say(|| format!("{} is killed", process.who));
        for tx in process.txs() {
            self.out.note(Sight::KilledInTransaction);
            self.out.abandon(tx, 200);
        }
        self.out.later(100, 4_000, Event::Start(number));
        self.out.later(500, SESSION_MS_MAX, Event::Rebalance);
    }

    /// A process is asked to end: it finishes what it can.
    fn stop(&mut self) {
        let number = self.out.chance.below(self.processes.len());
        if let Some(process) = &mut self.processes[number] {
            self.out.say(|| format!("{} is asked to end", process.who));
            process.stop(&mut self.out);
        }
    }

    /// All lanes of a process have ended.
    pub(crate) fn ended(&mut self, number: usize) {
        let ended = self.processes[number]
            .as_ref()
            .is_some_and(Process::has_ended);
        let Some(process) = self.processes[number].take_if(|_| ended) else {
            return;
        };
        self.out.say(|| format!("{} has ended", process.who));
        self.out.note(Sight::Drained);
        for tx in process.txs() {
            self.out.abandon(tx, 200);
        }
        self.out.later(0, 50, Event::Rebalance);
        self.out.later(100, 2_000, Event::Start(number));
    }

    fn pause(&mut self) {
        let number = self.out.chance.below(self.processes.len());
        let Some(process) = &mut self.processes[number] else {
            return;
        };
        if process.paused_until > self.out.now {
            return;
        }
        let wait = self.out.chance.pick(&[300, 3_000, 8_000, 14_000]);
        let who = process.who;
        self.out.say(|| format!("{who} stands still for {wait} ms"));
        process.paused_until = self.out.now + wait;
        for tx in process.txs() {
            self.out.later(IDLE_MS_MAX, IDLE_MS_MAX, Event::IdleTx(tx));
        }
        if wait > SESSION_MS_MAX {
            self.out
                .later(SESSION_MS_MAX, SESSION_MS_MAX, Event::Rebalance);
        }
        self.out.later(wait, wait, Event::Woke(who));
    }

    fn add_partition(&mut self) {
        if self.out.broker.logs.len() < 5 && self.out.broker.deleted.is_empty() {
            self.out
                .say(|| "the topic gets another partition".to_owned());
            self.out.note(Sight::PartitionAdded);
            self.out.broker.add_partition();
            self.out.later(0, 500, Event::Rebalance);
        }
    }

    fn recreate(&mut self) {
        let met = self.out.db.tables.topic.is_some();
        if met && self.out.broker.deleted.is_empty() && self.traffic.is_over() {
            self.out
                .say(|| "the topic is deleted and made again".to_owned());
            self.out.broker.recreate();
        }
    }

    /// A new desired ruleset.
    pub(crate) fn activate(&mut self, digest: u64) {
        self.out.commit_at_once(vec![Change::Ruleset(digest)], None);
        let revision = self.out.db.tables.newest_ruleset();
        self.out
            .say(|| format!("ruleset {revision} is desired (digest {digest})"));
        for process in self.processes.iter().flatten() {
            if self.out.chance.percent(50) {
                self.out.later(0, 100, Event::Follow(process.who));
            }
        }
    }
}
