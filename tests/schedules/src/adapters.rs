//! The traits of `variants.rs` over a module `locks`, `inbox` (with its `batch`), `knowledge` or `filter`
//! that stands where a macro is used: the real one, or a copy with a bug.

use plimsoll_domain::Stock;

/// A product of which only the counter of decisions matters.
pub(crate) fn stock(decisions: i64) -> Stock {
    Stock {
        units: 0,
        version: 0,
        floor: 0,
        decisions,
        ledger: Some((0, 0)),
        held: false,
    }
}

macro_rules! table {
    () => {
        /// The lock table.
        #[derive(Clone, Default)]
        pub struct Locks(std::sync::Arc<locks::SkuLocks>);

        impl $crate::variants::Table for Locks {
            type Held = locks::Held;

            fn take(
                &self,
                skus: std::sync::Arc<[$crate::locks::Sku]>,
            ) -> impl Future<Output = Self::Held> + Send + 'static {
                let locks = std::sync::Arc::clone(&self.0);
                async move { locks.take(skus).await }
            }
        }
    };
}

macro_rules! queue {
    () => {
        /// The queue of a lane.
        pub struct Inbox(inbox::Inbox);

        impl $crate::variants::Queue for Inbox {
            fn new(records_max: usize) -> Self {
                Inbox(inbox::Inbox::new(inbox::Bounds {
                    records: records_max,
                    bytes: usize::MAX,
                }))
            }

            fn push(&self, events: &[$crate::variants::Event]) {
                let mut chunk = batch::Chunk::default();
                for event in events {
                    let record = batch::Record {
                        partition: event.partition,
                        generation: event.generation,
                        offset: event.offset,
                        value: Some(0..0),
                    };
                    chunk.push(record, &event.offset.to_be_bytes());
                }
                self.0.push(chunk);
            }

            fn order(&self, told: $crate::variants::Told) {
                use $crate::variants::Told;
                self.0.order(match told {
                    Told::Own {
                        partition,
                        generation,
                        next_offset,
                    } => inbox::Order::Own {
                        partition,
                        generation,
                        claim: 0,
                        next_offset,
                    },
                    Told::LetGo {
                        partition,
                        generation,
                    } => inbox::Order::LetGo {
                        partition,
                        generation,
                    },
                    Told::End => inbox::Order::End,
                });
            }

            fn is_full(&self) -> bool {
                self.0.is_full()
            }

            fn wait_for_space(&self, limit: std::time::Duration) {
                self.0.wait_for_space(limit);
            }

            fn next_order(&self) -> Option<$crate::variants::Told> {
                use $crate::variants::Told;
                Some(match self.0.next_order()? {
                    inbox::Order::Own {
                        partition,
                        generation,
                        next_offset,
                        ..
                    } => Told::Own {
                        partition,
                        generation,
                        next_offset,
                    },
                    inbox::Order::LetGo {
                        partition,
                        generation,
                    } => Told::LetGo {
                        partition,
                        generation,
                    },
                    inbox::Order::End => Told::End,
                })
            }

            fn take(&self) -> Option<Vec<$crate::variants::Event>> {
                let chunk = self.0.take()?;
                let event = |record: &batch::Record| {
                    let value = record.value.clone().map(|value| &chunk.bytes[value]);
                    let own = record.offset.to_be_bytes();
                    assert_eq!(value, Some(&own[..]), "a record has another one's value");
                    $crate::variants::Event {
                        partition: record.partition,
                        generation: record.generation,
                        offset: record.offset,
                    }
                };
                Some(chunk.records.iter().map(event).collect())
            }

            fn arrived(&self) -> impl Future<Output = ()> + Send {
                self.0.arrived()
            }
        }
    };
}

macro_rules! known {
    () => {
        /// What is known.
        #[derive(Default)]
        pub struct Knowledge(knowledge::Knowledge);

        impl $crate::variants::Known for Knowledge {
            fn epoch(&self) -> u64 {
                self.0.epoch()
            }

            fn start_epoch(&self) {
                self.0.start_epoch();
            }

            fn of(&self, sku: &$crate::locks::Sku) -> (u64, Option<i64>) {
                let (epoch, rows) = self.0.of([sku].into_iter());
                (epoch, rows[0].map(|row| row.stock.decisions))
            }

            fn keep(&self, epoch: u64, sku: &$crate::locks::Sku, decisions: i64) {
                let row = knowledge::Row {
                    id: 1,
                    stock: $crate::adapters::stock(decisions),
                    refused: false,
                };
                self.0.keep(epoch, [(sku.clone(), row)].into_iter());
            }

            fn forget(&self, sku: &$crate::locks::Sku) {
                self.0.forget([sku].into_iter());
            }
        }
    };
}

macro_rules! set {
    () => {
        /// The identities that may be there.
        pub struct Filter(filter::Filter);

        impl $crate::variants::Set for Filter {
            fn new() -> Self {
                Filter(filter::Filter::for_up_to(1))
            }

            fn share(&self) -> Self {
                Filter(self.0.share())
            }

            fn insert(&self, key: u128) {
                self.0.insert(1, plimsoll_domain::EventKey(key));
            }

            fn may_have(&self, key: u128) -> bool {
                self.0.may_have(1, plimsoll_domain::EventKey(key))
            }
        }
    };
}

pub(crate) use {known, queue, set, table};
