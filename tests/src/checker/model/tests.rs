//! The model by itself.

use uuid::Uuid;

use super::{Event, Model, Product, Quantity, Verdict};

const OPENED: Product = Product {
    stock: 10,
    version: 7,
    floor: 2,
};

fn model() -> Model {
    let mut model = Model::new(i64::MAX, false);
    model.open("A".into(), OPENED);
    model
}

fn adjust(change: i64) -> Event {
    Event {
        sku: "A".into(),
        quantity: Quantity::Adjust(change),
        key: None,
        fact: false,
        expected_version: None,
    }
}

fn keyed(key: u128, change: i64) -> Event {
    Event {
        key: Some(Uuid::from_u128(key)),
        ..adjust(change)
    }
}

#[test]
fn the_floor_itself_is_allowed() {
    let after = Product {
        stock: 2,
        version: 8,
        floor: 2,
    };
    assert_eq!(model().fold(&adjust(-8)), Verdict::Moved(-8, after));
    assert_eq!(
        model().fold(&adjust(-9)),
        Verdict::Rejected("below_floor", Some(OPENED))
    );
}

#[test]
fn a_stale_event_is_refused_before_the_floor_is_asked() {
    let event = Event {
        expected_version: Some(6),
        ..adjust(-100)
    };
    assert_eq!(
        model().fold(&event),
        Verdict::Rejected("stale", Some(OPENED))
    );
}

#[test]
fn what_the_column_cannot_hold_is_refused() {
    assert_eq!(
        model().fold(&adjust(i64::MAX)),
        Verdict::Rejected("overflow", Some(OPENED))
    );
}

#[test]
fn a_fact_below_the_floor_waits_and_all_behind_it() {
    let mut model = model();
    assert_eq!(
        model.fold(&Event {
            fact: true,
            ..keyed(1, -9)
        }),
        Verdict::Parked
    );
    assert_eq!(model.fold(&adjust(1)), Verdict::Parked);
    assert_eq!(model.fold(&keyed(1, -9)), Verdict::Duplicate);
    assert_eq!(
        model.fold(&keyed(1, 9)),
        Verdict::Rejected("event_id_conflict", None)
    );
    assert_eq!(model.product("A"), Some(OPENED));
}

#[test]
fn a_refused_event_is_decided() {
    let mut model = model();
    assert_eq!(
        model.fold(&keyed(1, -9)),
        Verdict::Rejected("below_floor", Some(OPENED))
    );
    assert_eq!(model.fold(&keyed(1, -9)), Verdict::Duplicate);
}

#[test]
fn a_count_equal_to_the_stock_moves_by_nothing() {
    let event = Event {
        quantity: Quantity::Count(10),
        fact: true,
        ..adjust(1)
    };
    assert_eq!(
        model().fold(&event),
        Verdict::Moved(
            0,
            Product {
                version: 8,
                ..OPENED
            }
        )
    );
}

#[test]
fn an_unknown_sku_waits_or_is_refused_as_configured() {
    assert_eq!(
        Model::new(i64::MAX, false).fold(&adjust(1)),
        Verdict::Parked
    );
    assert_eq!(
        Model::new(i64::MAX, true).fold(&adjust(1)),
        Verdict::UnknownSku
    );
}

#[test]
fn an_id_belongs_to_its_sku() {
    let mut model = model();
    model.fold(&keyed(1, 1));
    assert_eq!(
        model.fold(&Event {
            sku: "B".into(),
            ..keyed(1, 1)
        }),
        Verdict::Parked
    );
}
