//! Batches by chance, small enough that SKUs meet, identities repeat and floors are hit. Every
//! stock starts at its floor or above, as the table's own check demands.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::notation::Case;
use crate::{
    Answered, Event, EventKey, Kind, Limits, Nature, OnUnknownSku, Policy, Slot, Stock, UnknownSku,
};

const SLOTS_MAX: u32 = 4;
/// So few that they repeat.
const KEYS: i64 = 8;

/// Any batch.
pub(super) fn cases() -> impl Strategy<Value = Case> {
    let known = btree_map(0..SLOTS_MAX, identities(), 0..=SLOTS_MAX as usize);
    let parts = (
        policies(),
        vec(slots(), 1..=SLOTS_MAX as usize),
        known,
        vec(events(), 0..40),
    );
    parts.prop_map(|(policy, slots, known, mut events)| {
        let there = |slot: u32| slot % u32::try_from(slots.len()).expect("few SKUs");
        let known = known.into_iter();
        let answered = known.map(|(slot, (key, kind))| ((there(slot), key), kind));
        let answered: Answered = answered.collect();
        for event in &mut events {
            event.slot = there(event.slot);
        }
        Case {
            policy,
            slots,
            answered,
            events,
        }
    })
}

fn policies() -> impl Strategy<Value = Policy> {
    let unknown_sku = prop_oneof![
        Just(OnUnknownSku::Park),
        Just(OnUnknownSku::Reject),
        Just(OnUnknownSku::Create)
    ];
    let narrow = Limits {
        units_max: 31,
        version_max: 12,
    };
    let limits = prop_oneof![Just(Limits::default()), Just(narrow)];
    (unknown_sku, -5..5_i64, limits).prop_map(|(unknown_sku, floor_default, limits)| Policy {
        unknown_sku,
        floor_default,
        limits,
    })
}

fn slots() -> impl Strategy<Value = Slot> {
    let unknown = (0..5_i64, prop::bool::weighted(0.2));
    prop_oneof![
        3 => products().prop_map(Slot::Product),
        1 => unknown.prop_map(|(decisions, held)| Slot::Unknown(UnknownSku { decisions, held })),
    ]
}

/// Most agree with their ledger; some have none, and some were changed past it.
fn products() -> impl Strategy<Value = Stock> {
    let ledgers = prop_oneof![2 => Just(None), 1 => Just(Some(None)), 1 => (-9..20_i64, 0..9_i64).prop_map(|last| Some(Some(last)))];
    let numbers = (-9..20_i64, 0..9_i64, 0..9_i64, 0..9_i64);
    (numbers, ledgers, prop::bool::weighted(0.1)).prop_map(
        |((floor, above, version, decisions), ledger, held)| {
            let units = floor + above;
            let ledger = ledger.unwrap_or(Some((units, version)));
            Stock {
                units,
                version,
                floor,
                decisions,
                ledger,
                held,
            }
        },
    )
}

fn events() -> impl Strategy<Value = Event> {
    let asked = prop_oneof![
        2 => identities().prop_map(|(key, kind)| (Some(key), kind)),
        1 => kinds().prop_map(|kind| (None, kind)),
    ];
    let expected_version = option::weighted(0.15, 0..9_i64);
    (0..SLOTS_MAX, asked, any::<bool>(), expected_version).prop_map(
        |(slot, (key, kind), intent, expected_version)| {
            let intent = intent && matches!(kind, Kind::Adjust(_));
            let nature = if intent { Nature::Intent } else { Nature::Fact };
            Event {
                slot,
                kind,
                key,
                nature,
                expected_version,
            }
        },
    )
}

/// An identity with what it usually asks for, so that most repeats are duplicates, or with
/// something else.
fn identities() -> impl Strategy<Value = (EventKey, Kind)> {
    (1..=KEYS, option::weighted(0.2, kinds())).prop_map(|(number, other)| {
        let usual = Kind::Adjust(if number % 2 == 0 { number } else { -number });
        (
            EventKey(number.unsigned_abs().into()),
            other.unwrap_or(usual),
        )
    })
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        8 => (1..9_i64, any::<bool>()).prop_map(|(units, add)| Kind::Adjust(if add { units } else { -units })),
        2 => (0..20_i64).prop_map(Kind::Count),
        1 => prop_oneof![Just(i64::MAX), Just(i64::MIN), Just(i64::MAX - 9)].prop_map(Kind::Adjust),
        1 => (i64::MAX - 9..=i64::MAX).prop_map(Kind::Count),
    ]
}
