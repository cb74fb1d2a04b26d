//! What traffic looks like, and what one record of it says.

use std::ops::RangeInclusive;

use uuid::Uuid;

use super::poison::Poison;

/// The shape of traffic. Shares are between 0 and 1.
#[derive(Clone, Debug)]
pub struct Shape {
    /// Partitions of the topic. Default 4.
    pub partitions: i32,
    /// Number of SKUs, named by [`sku_name`] from 0. Default 10,000.
    pub skus: u32,
    /// Zipf's exponent: SKU number *k* is met in proportion to 1 ⁄ (k + 1)^zipf. 0 is uniform; at
    /// 3.5 nine events of ten are of the first SKU. Default 1.1.
    pub zipf: f64,
    /// Whether records carry their SKU as key, and a SKU so stays in one partition. Otherwise
    /// partitions take turns and each SKU is in all of them. Default true.
    pub keyed: bool,
    /// Share of records that repeat an earlier event: same SKU, id and quantity. Needs ids: an event
    /// without identity cannot be told from its repetition, so without them it counts as 0.
    /// Default 0.
    pub duplicates: f64,
    /// How many events back a repetition reaches at most. Default 10,000.
    pub duplicate_distance_max: u32,
    /// Share of records that no reader can apply. Default 0.
    pub poison: f64,
    /// Whether those include records of a thousand headers and of more than 1 MiB. Default false:
    /// a handful of them fills the in-process broker.
    pub heavy_poison: bool,
    /// Share of increases written with a plus sign, which is not JSON. Default 0.
    pub plus_literals: f64,
    /// Identities of events. Default [`Ids::Random`].
    pub ids: Ids,
    /// Share of events that add stock. Default 0.6: stock grows slowly, and some events still meet
    /// an empty shelf.
    pub increase_share: f64,
    /// Units of one event, uniform. Default 1 to 9.
    pub quantities: RangeInclusive<i64>,
    /// Share of events of [`BULK`] times as many units. Default 0.
    pub bulk: f64,
    /// Sales channels; which one an event came through is told by [`channel`]. Default none.
    pub channels: &'static [&'static str],
}

/// How many times as large as others an event is that [`Shape::bulk`] asks for.
pub const BULK: i64 = 20;

impl Default for Shape {
    fn default() -> Shape {
        Shape {
            partitions: 4,
            skus: 10_000,
            zipf: 1.1,
            keyed: true,
            duplicates: 0.0,
            duplicate_distance_max: 10_000,
            poison: 0.0,
            heavy_poison: false,
            plus_literals: 0.0,
            ids: Ids::Random,
            increase_share: 0.6,
            quantities: 1..=9,
            bulk: 0.0,
            channels: &[],
        }
    }
}

/// How events are identified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// UUIDs of version 4: the hard case for an index.
    Random,
    /// UUIDs of version 7, a hundred a millisecond, from a fixed day on.
    TimeOrdered,
    /// None: the position alone protects a record.
    None,
}

/// One record, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Produced {
    /// The partition; `None` leaves the choice to the client.
    pub partition: Option<i32>,
    /// The key.
    pub key: Option<Vec<u8>>,
    /// Headers, in order.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The value; `None` is a tombstone.
    pub payload: Option<Vec<u8>>,
    /// The record's timestamp in milliseconds of the Unix epoch; `None` is when it is sent.
    pub timestamp_ms: Option<i64>,
    /// What it says, for whoever checks.
    pub event: Event,
}

/// What a record says. 32 bytes, whatever the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Number of the SKU; see [`sku_name`].
    pub sku: u32,
    /// Units added, or taken if negative. 0 where the record says none that counts.
    pub quantity_change: i64,
    /// The event's id.
    pub id: Option<Uuid>,
    /// Whether it is to be applied.
    pub kind: Kind,
}

/// Whether an event is to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The first of its id to be sent. Without keys a repetition may be read before it: of all
    /// records of one SKU and id, the first that is applied is not a duplicate.
    Fresh,
    /// The repetition of an earlier event.
    Repeat,
    /// Nothing that can be applied.
    Poison(Poison),
}

/// The name of a SKU, as in events.
pub fn sku_name(sku: u32) -> String {
    format!("SKU{sku}")
}

/// The channel of the event with this id: each is as frequent as none at all. An event without
/// identity has none.
pub fn channel(channels: &[&'static str], id: Option<Uuid>) -> Option<&'static str> {
    let choices = channels.len() as u128 + 1;
    let lot = usize::try_from(id?.as_u128() % choices).expect("one of the choices");
    channels.get(lot).copied()
}
