//! The generator: an endless iterator of records.

use std::io::Write;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};
use uuid::{Builder, Uuid};

use super::event::{BULK, Event, Ids, Kind, Produced, Shape, channel, sku_name};
use super::poison::Poison;
use super::popularity::Popularity;

/// Room for a usual payload.
const PAYLOAD_BYTES: usize = 112;

/// Where time-ordered ids begin, in milliseconds of the Unix epoch, and how many share one.
const FIRST_ID_MS: u64 = 1_767_225_600_000;
const IDS_PER_MS: u64 = 100;

/// Endless traffic of one shape; `take` as many records as needed.
pub struct Traffic {
    shape: Shape,
    random: Xoshiro256PlusPlus,
    popularity: Popularity,
    recent: Vec<Event>,
    fresh: u64,
    turn: i32,
}

impl Traffic {
    /// # Panics
    /// If the shape has no SKU or no partition.
    pub fn new(shape: Shape, seed: u64) -> Traffic {
        assert!(
            shape.skus > 0 && shape.partitions > 0,
            "traffic needs a SKU and a partition"
        );
        let popularity = Popularity::zipf(shape.skus, shape.zipf);
        let random = Xoshiro256PlusPlus::seed_from_u64(seed);
        Traffic {
            shape,
            random,
            popularity,
            recent: Vec::new(),
            fresh: 0,
            turn: 0,
        }
    }

    fn event(&mut self) -> Event {
        let lot = self.random.random::<f64>();
        if lot < self.shape.poison {
            return self.poison();
        }
        if lot < self.shape.poison + self.shape.duplicates && !self.recent.is_empty() {
            let which = self.random.random_range(0..self.recent.len());
            return Event {
                kind: Kind::Repeat,
                ..self.recent[which]
            };
        }
        let event = self.fresh();
        self.remember(event);
        event
    }

    fn fresh(&mut self) -> Event {
        let units = self.units();
        let adds = self.random.random_bool(self.shape.increase_share);
        let event = Event {
            sku: self.popularity.draw(&mut self.random),
            quantity_change: if adds { units } else { -units },
            id: self.id(),
            kind: Kind::Fresh,
        };
        self.fresh += 1;
        event
    }

    fn units(&mut self) -> i64 {
        let units = self.random.random_range(self.shape.quantities.clone());
        let is_bulk = self.shape.bulk > 0.0 && self.random.random_bool(self.shape.bulk);
        if is_bulk { units * BULK } else { units }
    }

    fn poison(&mut self) -> Event {
        let kinds = Poison::kinds(self.shape.heavy_poison);
        let kind = kinds[self.random.random_range(0..kinds.len())];
        let sku = self.popularity.draw(&mut self.random);
        Event {
            sku,
            quantity_change: 0,
            id: None,
            kind: Kind::Poison(kind),
        }
    }

    fn id(&mut self) -> Option<Uuid> {
        let bits = u128::from(self.random.next_u64()) << 64 | u128::from(self.random.next_u64());
        let bytes = bits.to_be_bytes();
        match self.shape.ids {
            Ids::Random => Some(Builder::from_random_bytes(bytes).into_uuid()),
            Ids::TimeOrdered => {
                let millis = FIRST_ID_MS + self.fresh / IDS_PER_MS;
                let tail = bytes.first_chunk().expect("sixteen bytes hold ten");
                Some(Builder::from_unix_timestamp_millis(millis, tail).into_uuid())
            }
            Ids::None => None,
        }
    }

    /// The newest take the place of the oldest.
    fn remember(&mut self, event: Event) {
        if self.shape.duplicates == 0.0 || event.id.is_none() {
            return;
        }
        let room = self.shape.duplicate_distance_max.max(1);
        if self.recent.len() < room as usize {
            self.recent.push(event);
        } else {
            let oldest = (self.fresh - 1) % u64::from(room);
            self.recent[usize::try_from(oldest).expect("below a u32")] = event;
        }
    }

    fn partition(&mut self, event: &Event) -> i32 {
        if self.shape.keyed {
            return partition_of(event.sku, self.shape.partitions);
        }
        self.turn = (self.turn + 1) % self.shape.partitions;
        self.turn
    }

    fn payload(&mut self, event: &Event) -> Vec<u8> {
        let plus = event.quantity_change > 0
            && self.shape.plus_literals > 0.0
            && self.random.random_bool(self.shape.plus_literals);
        render(event, channel(self.shape.channels, event.id), plus)
    }
}

impl Iterator for Traffic {
    type Item = Produced;

    fn next(&mut self) -> Option<Produced> {
        let event = self.event();
        let (headers, payload) = match event.kind {
            Kind::Fresh | Kind::Repeat => (Vec::new(), Some(self.payload(&event))),
            Kind::Poison(kind) => (kind.headers(), kind.payload(&sku_name(event.sku))),
        };
        let partition = Some(self.partition(&event));
        let key = self.shape.keyed.then(|| sku_name(event.sku).into_bytes());
        Some(Produced {
            partition,
            key,
            headers,
            payload,
            timestamp_ms: None,
            event,
        })
    }
}

/// Spreads neighbours, so that the most popular SKUs are not all in a row of partitions.
fn partition_of(sku: u32, partitions: i32) -> i32 {
    let spread = u64::from(sku.wrapping_mul(0x9e37_79b1));
    let partition = (spread * u64::from(partitions.unsigned_abs())) >> 32;
    i32::try_from(partition).expect("below the number of partitions")
}

fn render(event: &Event, channel: Option<&str>, plus: bool) -> Vec<u8> {
    let mut text = Vec::with_capacity(PAYLOAD_BYTES);
    text.extend_from_slice(br#"{"product_id":"SKU"#);
    write!(text, "{}", event.sku).expect("memory takes what is written");
    if let Some(id) = event.id {
        text.extend_from_slice(br#"","event_id":""#);
        text.extend_from_slice(
            id.hyphenated()
                .encode_lower(&mut Uuid::encode_buffer())
                .as_bytes(),
        );
    }
    if let Some(channel) = channel {
        write!(text, r#"","channel":"{channel}"#).expect("memory takes what is written");
    }
    text.extend_from_slice(br#"","quantity_change":"#);
    let sign = if plus { "+" } else { "" };
    write!(text, "{sign}{}}}", event.quantity_change).expect("memory takes what is written");
    text
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    fn mixed() -> Shape {
        Shape {
            duplicates: 0.05,
            poison: 0.02,
            plus_literals: 0.5,
            ..Shape::default()
        }
    }

    fn share_of(records: &[Produced], is: impl Fn(&Produced) -> bool) -> f64 {
        let found = records.iter().filter(|record| is(record)).count();
        found as f64 / records.len() as f64
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let first: Vec<Produced> = Traffic::new(mixed(), 11).take(50_000).collect();
        assert!(
            Traffic::new(mixed(), 11)
                .take(50_000)
                .eq(first.iter().cloned())
        );
        assert!(!Traffic::new(mixed(), 12).take(50_000).eq(first));
    }

    #[test]
    fn an_event_reads_as_the_contract_says() {
        let id = Some(Uuid::from_u128(0x1234));
        let event = Event {
            sku: 123,
            quantity_change: 5,
            id,
            kind: Kind::Fresh,
        };
        let text =
            |event: &Event, plus| String::from_utf8(render(event, None, plus)).expect("UTF-8");
        let with_id = r#"{"product_id":"SKU123","event_id":"00000000-0000-0000-0000-000000001234","quantity_change":5}"#;
        assert_eq!(text(&event, false), with_id);
        let anonymous = Event { id: None, ..event };
        assert_eq!(
            text(&anonymous, true),
            r#"{"product_id":"SKU123","quantity_change":+5}"#
        );
        let web = String::from_utf8(render(&anonymous, Some("web"), false)).expect("UTF-8");
        assert_eq!(
            web,
            r#"{"product_id":"SKU123","channel":"web","quantity_change":5}"#
        );
    }

    #[test]
    fn shares_are_near_what_was_asked() {
        let records: Vec<Produced> = Traffic::new(mixed(), 1).take(200_000).collect();
        let near = |share: f64, asked: f64| {
            assert!((share - asked).abs() < 0.1 * asked, "{share}, not {asked}")
        };
        near(
            share_of(&records, |record| record.event.kind == Kind::Repeat),
            0.05,
        );
        near(
            share_of(&records, |record| {
                matches!(record.event.kind, Kind::Poison(_))
            }),
            0.02,
        );
        near(
            share_of(&records, |record| record.event.quantity_change > 0),
            0.6 * 0.98,
        );
        let plus = |record: &Produced| {
            record
                .payload
                .as_ref()
                .is_some_and(|text| text.contains(&b'+'))
        };
        near(share_of(&records, plus), 0.5 * 0.6 * 0.98);
    }

    #[test]
    fn some_events_are_large_and_channels_take_turns_with_none() {
        let shape = Shape {
            bulk: 0.1,
            channels: &["web", "app"],
            ..Shape::default()
        };
        let records: Vec<Produced> = Traffic::new(shape, 6).take(20_000).collect();
        let bulk = |record: &Produced| record.event.quantity_change % BULK == 0;
        assert!((share_of(&records, bulk) - 0.1).abs() < 0.01);
        let through = |channel: &str, record: &Produced| {
            let text = record.payload.as_deref().expect("no tombstone");
            let field = format!(r#""channel":"{channel}""#);
            text.windows(field.len())
                .any(|part| part == field.as_bytes())
        };
        for channel in ["web", "app"] {
            let share = share_of(&records, |record| through(channel, record));
            assert!((share - 1.0 / 3.0).abs() < 0.02, "{channel}: {share}");
        }
    }

    #[test]
    fn a_repetition_is_of_an_earlier_event_within_the_distance() {
        let shape = Shape {
            duplicates: 0.3,
            duplicate_distance_max: 50,
            keyed: false,
            ..Shape::default()
        };
        let mut seen = BTreeMap::new();
        let mut partitions_differ = false;
        let mut fresh = 0;
        for record in Traffic::new(shape, 3).take(20_000) {
            let Event {
                sku,
                quantity_change,
                id,
                kind,
            } = record.event;
            if kind == Kind::Fresh {
                fresh += 1;
                assert!(
                    seen.insert(id, (sku, quantity_change, fresh, record.partition))
                        .is_none()
                );
            } else {
                let (first_sku, first_change, at, partition) = seen[&id];
                assert_eq!((first_sku, first_change), (sku, quantity_change));
                assert!(fresh - at < 50, "{} events back", fresh - at);
                partitions_differ |= partition != record.partition;
            }
        }
        assert!(partitions_differ);
    }

    #[test]
    fn a_keyed_sku_stays_in_its_partition_and_an_unkeyed_one_is_in_all() {
        let partitions_of_the_first = |keyed| -> BTreeSet<Option<i32>> {
            let traffic = Traffic::new(Shape { keyed, ..mixed() }, 5).take(20_000);
            traffic
                .filter(|record| record.event.sku == 0)
                .map(|record| record.partition)
                .collect()
        };
        assert_eq!(partitions_of_the_first(true).len(), 1);
        assert_eq!(partitions_of_the_first(false).len(), 4);
        let used: BTreeSet<_> = Traffic::new(mixed(), 5)
            .take(20_000)
            .map(|record| record.partition)
            .collect();
        assert_eq!(used.len(), 4, "keys reach every partition");
    }

    #[test]
    fn every_kind_of_poison_comes_up() {
        let shape = Shape {
            poison: 1.0,
            heavy_poison: true,
            ..Shape::default()
        };
        let kinds: BTreeSet<Poison> = Traffic::new(shape, 9)
            .take(500)
            .filter_map(|record| {
                if let Kind::Poison(kind) = record.event.kind {
                    Some(kind)
                } else {
                    None
                }
            })
            .collect();
        assert!(kinds.iter().eq(Poison::kinds(true)));
    }

    #[test]
    fn time_ordered_ids_are_in_order() {
        let shape = Shape {
            ids: Ids::TimeOrdered,
            ..Shape::default()
        };
        let millis = |record: Produced| record.event.id.map(|id| id.as_u128() >> 80);
        assert!(Traffic::new(shape, 4).take(1_000).map(millis).is_sorted());
    }
}
