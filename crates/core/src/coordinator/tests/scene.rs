//! A coordinator whose polling thread and lanes are played by the test: a broker in this process, and
//! a database that takes connections and never says a word.

use std::sync::mpsc;

use plimsoll_domain::Nature;
use plimsoll_sandbox::broker::InProcess;
use tokio::net::TcpListener;
use tokio::sync::mpsc::unbounded_channel;
use tokio::task::yield_now;

use super::super::claiming::Outcome;
use super::super::*;
use crate::inbox::Bounds;
use crate::lane::{Lane, Shared};

const TOPIC: &str = "events";
/// Of the topic.
const PARTITIONS: i32 = 8;
/// Of a claim that nobody compares.
pub(super) const CLAIM: u128 = 9;
/// Whatever is waited for comes within this time.
pub(super) const LIMIT: Duration = Duration::from_secs(30);

pub(super) struct Scene {
    pub(super) task: Task,
    told: mpsc::Receiver<Told>,
    pub(super) heard: UnboundedReceiver<Heard>,
    pub(super) database: TcpListener,
    _broker: InProcess,
}

impl Scene {
    pub(super) async fn new() -> Scene {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let broker = InProcess::start(&[(TOPIC, PARTITIONS)]).expect("it starts");
        let kafka = kafka::Settings {
            brokers: broker.bootstrap(),
            topic: TOPIC.to_owned(),
            group: "group".to_owned(),
            start: kafka::Start::Beginning,
            protocol: kafka::Protocol::Classic,
            properties: Vec::new(),
        };
        let bounds = Bounds {
            records: 10,
            bytes: 1_000,
        };
        #[expect(clippy::disallowed_methods, reason = "as many as a test says")]
        let ((told_to, told), (sender, heard)) = (mpsc::channel(), unbounded_channel());
        let store = Arc::new(Store::unasked(address));
        let task = Task::new(Desk {
            consumer: Arc::new(kafka::consumer(&kafka).expect("settings of ours")),
            kafka,
            partitions_at_first: PARTITIONS,
            told: told_to,
            inboxes: (0..2).map(|_| Arc::new(Inbox::new(bounds))).collect(),
            watch: Arc::clone(&store.watch),
            myself: Coordinator(sender),
            store,
        });
        Scene {
            task,
            told,
            heard,
            database: listener,
            _broker: broker,
        }
    }

    /// A real one, for the inbox of this number.
    pub(super) fn lane(&self, number: usize) -> Lane {
        let desk = &self.task.desk;
        let shared = Shared {
            store: Arc::clone(&desk.store),
            locks: Arc::default(),
            progress: Arc::default(),
            coordinator: desk.myself.clone(),
            nature: Nature::Intent,
        };
        Lane::new(shared, Arc::clone(&desk.inboxes[number]))
    }

    /// The group gives partitions and all claims are answered.
    pub(super) fn fetches(&mut self, partitions: impl IntoIterator<Item = i32>) {
        for partition in partitions {
            self.task.react(Heard::Assigned(vec![partition]));
            self.task.react(self.claimed(partition));
        }
        self.orders();
        self.told();
    }

    /// The answer to the present claim of a partition.
    pub(super) fn claimed(&self, partition: i32) -> Heard {
        Heard::Claimed {
            generation: self.generation(partition),
            claimed: Outcome {
                partition,
                claim: CLAIM,
                next_offset: 5,
                halted: None,
            },
        }
    }

    /// What a lane says that must not go on.
    pub(super) fn halt(&self, partition: i32, reason: &str) -> Heard {
        Heard::Halt {
            partition,
            generation: self.generation(partition),
            claim: CLAIM,
            next_offset: 7,
            reason: reason.to_owned(),
        }
    }

    /// The group takes partitions; the other end hears when nothing of them is in flight.
    pub(super) fn revoke(&mut self, partitions: &[i32]) -> mpsc::Receiver<()> {
        let (done, all_gone) = mpsc::sync_channel(1);
        self.task.react(Heard::Revoked {
            partitions: partitions.to_vec(),
            done,
        });
        all_gone
    }

    pub(super) fn place(&self, partition: i32) -> &Place {
        self.task.places.get(partition).expect("it is ours")
    }

    pub(super) fn generation(&self, partition: i32) -> u32 {
        self.place(partition).generation
    }

    pub(super) fn is_claiming(&self, partition: i32) -> bool {
        matches!(self.place(partition).stage, Stage::Claiming(_))
    }

    /// How much is done beside, claims among it: each has a hand on the desk.
    pub(super) async fn at_work(&self) -> usize {
        for _ in 0..100 {
            yield_now().await;
        }
        Arc::strong_count(&self.task.desk) - 1
    }

    /// Everything that the polling thread was told since the last call.
    pub(super) fn told(&self) -> Vec<String> {
        let said = self.told.try_iter().filter_map(|told| match told {
            Told::Assign(all) => {
                let one = |it: &kafka::Assigned| {
                    let (partition, from) = (it.partition, it.next_offset);
                    format!(
                        "{partition} from {from}, generation {}, lane {}",
                        it.generation, it.lane
                    )
                };
                Some(format!("fetch {}", all.iter().map(one).collect::<String>()))
            }
            Told::Unassign(partitions) if partitions.is_empty() => None,
            Told::Unassign(partitions) => Some(format!("leave {partitions:?}")),
            Told::Close => Some("close".to_owned()),
        });
        said.collect()
    }

    /// Everything that the lanes were ordered since the last call: the lane, what, the partition.
    pub(super) fn orders(&self) -> Vec<(usize, &'static str, i32)> {
        let mut orders = Vec::new();
        for (lane, inbox) in self.task.desk.inboxes.iter().enumerate() {
            while let Some(order) = inbox.next_order() {
                orders.push(match order {
                    Order::Own { partition, .. } => (lane, "own", partition),
                    Order::LetGo { partition, .. } => (lane, "let go", partition),
                    Order::End => (lane, "end", -1),
                });
            }
        }
        orders
    }
}
